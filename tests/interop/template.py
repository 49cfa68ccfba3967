"""What CloudFormation makes of `template.yaml`: SAM's own translator, offline.

Holds that the function's URL has both permissions that a public URL needs, each once. Run with the Python environment of SAM's CLI.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")

from samcli.yamlhelper import yaml_parse  # noqa: E402 - the translator asks for a region when it is loaded
from samtranslator.translator.transform import transform  # noqa: E402

NEEDED = ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"]


class NoPolicies:
    """The template names none of AWS's own policies."""

    def load(self):
        return {}


def main(path):
    template = yaml_parse(Path(path).read_text())
    functions = [each for each in template["Resources"].values() if each["Type"] == "AWS::Serverless::Function"]
    for function in functions:
        # What `sam package` writes there.
        function["Properties"]["CodeUri"] = "s3://bucket/key"
    resources = transform(template, {}, NoPolicies())["Resources"].values()
    permissions = [each["Properties"] for each in resources if each["Type"] == "AWS::Lambda::Permission"]
    found = sorted(each["Action"] for each in permissions if each["Principal"] == "*")
    if found != NEEDED or len(permissions) != len(NEEDED):
        raise SystemExit(f"FAILED: {path}: the URL should have {NEEDED}, each once, and has {found}")
    print(f"  ok: {path}: the URL has {' and '.join(found)}, each once", flush=True)


for path in sys.argv[1:]:
    main(path)
