"""Converts every tool of the lists on standard input as one framework does; says which it refuses: {"app": {"tool": "why"}}."""

import json
import sys


def openai(tool):
    from agents.strict_schema import ensure_strict_json_schema

    # A tool without arguments is offered by the SDK all the same, but not as strict: `additionalProperties: false` would make it
    # so, and Google's SDK breaks on that.
    schema = json.loads(json.dumps(tool["inputSchema"]))
    ensure_strict_json_schema(schema)


def genai(tool):
    from google.genai import _mcp_utils
    from mcp.types import Tool

    _mcp_utils.mcp_to_gemini_tool(Tool(**tool))


def autogen(tool):
    from autogen_core.utils import schema_to_pydantic_model

    schema_to_pydantic_model(tool["inputSchema"])


def semantic(tool):
    from mcp.types import Tool
    from semantic_kernel.connectors.mcp import _get_parameter_dicts_from_mcp_tool as parameters_of
    from semantic_kernel.functions import KernelParameterMetadata

    for parameter in parameters_of(Tool(**tool)):
        KernelParameterMetadata(**parameter)


def refusals(convert, tools):
    found = {}
    for tool in tools:
        try:
            convert(tool)
        except Exception as error:  # whatever a framework raises, its user has no such tool
            found[tool["name"]] = f"{type(error).__name__}: {error}"[:300]
    return found


lists = json.load(sys.stdin)
convert = {"openai": openai, "genai": genai, "autogen": autogen, "semantic": semantic}[sys.argv[1]]
print(json.dumps({app: refusals(convert, tools) for app, tools in lists.items()}))
