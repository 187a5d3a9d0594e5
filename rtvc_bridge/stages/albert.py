"""PL-BERT, an ALBERT that reads phonemes (Lan et al. 2020; Li et al. 2023)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from rtvc_bridge.stages.layers import embedding

EMBEDDING = 128
HIDDEN = 768
INTERMEDIATE = 2048
HEADS = 12
REPEATS = 12
MAX_POSITIONS = 512
EPSILON = 1e-12


class AlbertLayer(nn.Module):
    """One transformer layer, normalised after each half. [n, 768] -> [n, 768]."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(HIDDEN, HIDDEN)
        self.key = nn.Linear(HIDDEN, HIDDEN)
        self.value = nn.Linear(HIDDEN, HIDDEN)
        self.dense = nn.Linear(HIDDEN, HIDDEN)
        self.attention_norm = nn.LayerNorm(HIDDEN, eps=EPSILON)
        self.ffn = nn.Linear(HIDDEN, INTERMEDIATE)
        self.ffn_output = nn.Linear(INTERMEDIATE, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's output for every symbol."""
        heads = (
            part(x).view(1, len(x), HEADS, -1).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        attended = fn.scaled_dot_product_attention(*heads)
        x = self.attention_norm(x + self.dense(attended.transpose(1, 2).reshape(x.shape)))
        wide = fn.gelu(self.ffn(x), approximate="tanh")
        normed: Tensor = self.norm(x + self.ffn_output(wide))
        return normed


class PhonemeBert(nn.Module):
    """Symbol ids in context. int64 [n] -> [n, 768]; the same layer runs twelve times."""

    def __init__(self, n_symbols: int) -> None:
        super().__init__()
        self.word = embedding(n_symbols, EMBEDDING)
        self.position = embedding(MAX_POSITIONS, EMBEDDING)
        self.token_type = embedding(2, EMBEDDING)
        self.norm = nn.LayerNorm(EMBEDDING, eps=EPSILON)
        self.widen = nn.Linear(EMBEDDING, HIDDEN)
        self.layer = AlbertLayer()

    def forward(self, ids: Tensor) -> Tensor:
        """Return one vector for each id."""
        places = torch.arange(len(ids), device=ids.device)
        embedded = self.word(ids) + self.position(places) + self.token_type.weight[0]
        x: Tensor = self.widen(self.norm(embedded))
        for _ in range(REPEATS):
            x = self.layer(x)
        return x
