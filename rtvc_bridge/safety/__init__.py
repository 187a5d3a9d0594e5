"""What keeps the product from being turned against the people whose voices it speaks in."""
