"""What the plugin says of itself: as JSON, and over the wire."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from typing import Any

from contract import Component, Plugin
from settings import schema_of


def as_json(plugin: Plugin) -> str:
    """What "orchestrator-plugin-NAME describe" prints."""
    return json.dumps(description(plugin), indent=2, ensure_ascii=False)


def description(plugin: Plugin) -> dict[str, Any]:
    """The description; what is empty is left out.

    A plugin that contacts hosts, reads or writes files or runs programs says
    so in "permissions" here and in DescribeResponse.permissions. This one
    does none of it.
    """
    return {
        "name": plugin.name,
        "version": plugin.version,
        "sdk_version": sdk_version(),
        "components": [_component(c) for c in plugin.components],
    }


def sdk_version() -> str:
    """There is no SDK; what stands in its place is for people to read."""
    return f"none (Python {platform.python_version()}, grpcio {importlib.metadata.version('grpcio')})"


def _component(c: Component) -> dict[str, Any]:
    about = {
        "kind": c.kind,
        "name": c.name,
        "summary": c.summary,
        "description": c.description,
        "in": list(c.takes),
        "out": list(c.gives),
        "scores": c.scores,
    }
    return {key: value for key, value in about.items() if value} | {"config": schema_of(c.settings)}
