"""The application: every route, behind the guard."""

import importlib.metadata

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from rtvc_bridge.http import (
    consenting,
    daemon,
    detection,
    devices,
    granting,
    moderating,
    openai,
    speaking,
    voices,
)
from rtvc_bridge.http.guard import Guard, Rules
from rtvc_bridge.http.problems import MEDIA_TYPE, Problem, add_handlers
from rtvc_bridge.http.site import Site

_MODULES = (
    daemon,
    detection,
    devices,
    speaking,
    moderating,
    voices,
    granting,
    consenting,
    openai,
)
_SCHEMA = {"schema": Problem.model_json_schema()}


def application(site: Site, rules: Rules) -> FastAPI:
    """Return the API of `site`, open to whoever keeps to `rules`."""
    app = FastAPI(
        title="rtvc-bridge",
        version=importlib.metadata.version("rtvc-bridge"),
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        responses={"default": {"description": "Problem", "content": {MEDIA_TYPE: _SCHEMA}}},
    )
    app.state.site = site
    for module in _MODULES:
        app.include_router(module.router)
    add_handlers(app)
    if rules.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(rules.origins),
            allow_methods=["*"],
            allow_headers=["*"],
        )
    app.add_middleware(Guard, rules=rules)
    return app
