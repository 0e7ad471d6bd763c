# SPDX-License-Identifier: Apache-2.0
"""The route table and openapi/manager.yaml say the same, both ways."""
import re

import yaml
from api_client import ROOT

SPEC = yaml.safe_load((ROOT / "openapi" / "manager.yaml").read_text())
ROW = re.compile(r'\{"([A-Z]+)",\s*"([^"]+)",\s*(AUTH_\w+),\s*([^,]+),\s*(\w+)\s*\}')
ROUTES = {(method, path): (auth, flags) for method, path, auth, flags, _ in
          ROW.findall((ROOT / "manager" / "api" / "routes.c").read_text())}
OPERATIONS = {(method.upper(), path): {**operation, "parameters": item.get("parameters", []) + operation.get("parameters", [])}
              for path, item in SPEC["paths"].items() for method, operation in item.items() if method != "parameters"}
SECURITY = {"AUTH_ADMIN": [{"bearer": []}], "AUTH_OPEN": [], "AUTH_TOKEN": [{"registrationToken": []}]}


def test_every_route_is_described_and_every_description_has_a_route():
    assert set(ROUTES) == set(OPERATIONS)
    assert len(ROUTES) == 26


def test_who_may_call_is_the_same():
    told = {key: operation.get("security", SPEC["security"]) for key, operation in OPERATIONS.items()}
    assert told == {key: SECURITY[auth] for key, (auth, _) in ROUTES.items()}


def test_bodies_and_their_types_are_the_same():
    def expected(flags):
        if "ROUTE_UPLOAD" in flags:
            return {"multipart/form-data"}
        types = {"application/json"} if "ROUTE_BODY" in flags else set()
        return types | ({"application/yaml"} if "ROUTE_YAML" in flags else set())
    told = {key: set(operation.get("requestBody", {}).get("content", {})) for key, operation in OPERATIONS.items()}
    assert told == {key: expected(flags) for key, (_, flags) in ROUTES.items()}
    required = {key for key, operation in OPERATIONS.items() if operation.get("requestBody", {}).get("required")}
    assert required == {key for key, (_, flags) in ROUTES.items() if re.search(r"ROUTE_BODY\b|ROUTE_UPLOAD", flags)}


def test_who_takes_a_query_is_the_same():
    def has_query(operation):
        refs = [p.get("$ref", "").rsplit("/", 1)[-1] for p in operation["parameters"]]
        return any(p.get("in") == "query" for p in operation["parameters"]) or "page" in refs
    assert {key for key, operation in OPERATIONS.items() if has_query(operation)} == {
        key for key, (_, flags) in ROUTES.items() if "ROUTE_QUERY" in flags}


def test_every_operation_has_examples():
    missing = []
    for key, operation in OPERATIONS.items():
        contents = [operation.get("requestBody", {}).get("content", {})]
        contents += [response.get("content", {}) for response in operation["responses"].values()]
        for content in contents:
            missing += [(key, kind) for kind, media in content.items()
                        if "examples" not in media and kind != "multipart/form-data"]
    assert missing == []


def test_what_is_served_is_the_file(api):
    assert api.call("GET", "/openapi.yaml", 200).content == (ROOT / "openapi" / "manager.yaml").read_bytes()
