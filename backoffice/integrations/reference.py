"""The API's description for machines (OpenAPI) and, made from the same, for people."""

import json
from dataclasses import dataclass, field
from typing import Any

from ninja import NinjaAPI

from backoffice.integrations import problems, scopes, signing
from backoffice.integrations.answers import IDEMPOTENCY_HEADER
from backoffice.integrations.api import ROOT

_ANYWHERE = ("401", "403", "429")


def schema(api: NinjaAPI) -> dict[str, Any]:
    """OpenAPI 3.1, with what is the same for every operation added: signing headers, idempotency keys, problems."""
    described: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix=f"/{ROOT}")))
    ways = {(f"/{ROOT}{_clean(path)}", method): operation for path, method, operation in _operations(api)}
    for path, methods in described["paths"].items():
        for method, entry in methods.items():
            _complete(entry, ways.get((path, method)))
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = {
        "type": "object",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri"}, "title": {"type": "string"}, "status": {"type": "integer"},
            "code": {"type": "string", "enum": [one.code for one in problems.described()]}, "detail": {"type": "string"},
            "instance": {"type": "string"}, "request_id": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {"type": "object", "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}}},
            },
        },
    }  # fmt: skip
    described["components"]["securitySchemes"] = {
        "SignedKey": {
            "type": "apiKey", "in": "header", "name": signing.KEY_HEADER,
            "description": f"With {signing.TIME_HEADER} and {signing.SIGNATURE_HEADER}: see docs/api.md.",
        }
    }  # fmt: skip
    return described


def _operations(api: NinjaAPI) -> list[tuple[str, str, Any]]:
    found = []
    for bound in api._get_bound_routers():
        for path, view in bound.path_operations.items():
            for operation in view.operations:
                found += [("/".join(part for part in (bound.prefix, path) if part), method.lower(), operation) for method in operation.methods]
    return found


def _clean(path: str) -> str:
    return path.strip("/").replace("int:", "")


def _complete(entry: dict[str, Any], operation: Any) -> None:
    callbacks = operation.auth_callbacks if operation else []
    scope = next((callback.scope for callback in callbacks if hasattr(callback, "scope")), "")
    if scope:
        entry["x-scope"] = scope
        entry["security"] = [{"SignedKey": []}]
    parameters = entry.setdefault("parameters", [])
    parameters += [_header(signing.TIME_HEADER, "Seconds since 1970."), _header(signing.SIGNATURE_HEADER, "v1= and the HMAC-SHA256 in hexadecimal.")]
    if operation is not None and getattr(operation.view_func, "idempotent", False):
        parameters.append(_header(IDEMPOTENCY_HEADER, "Yours: the same for a repeat of this request, new for a new one."))
    for status in (*_ANYWHERE, *(("400", "409", "422") if "requestBody" in entry else ("404",))):
        entry["responses"].setdefault(
            status, {"description": "Problem", "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        )


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": True, "description": description, "schema": {"type": "string"}}


# ---- for people ----


@dataclass(frozen=True)
class Piece:
    """A stretch of a sentence, set as code or not."""

    text: str
    code: bool


def pieces(sentence: str) -> list[Piece]:
    """What stands between backticks is code."""
    return [Piece(part, number % 2 == 1) for number, part in enumerate(sentence.split("`")) if part]


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    required: bool
    note: str


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    anchor: str
    summary: str
    description: list[list[Piece]]
    scope: str
    parameters: list[Field]
    body: list[Field]
    answer: list[Field]
    status: str
    example: str


@dataclass
class Group:
    name: str
    operations: list[Operation] = field(default_factory=list)


def page(described: dict[str, Any]) -> dict[str, Any]:
    """What the documentation page shows."""
    groups: dict[str, Group] = {}
    for path, methods in described["paths"].items():
        for method, entry in methods.items():
            name = (entry.get("tags") or ["Other"])[0]
            groups.setdefault(name, Group(name)).operations.append(_operation(described, path, method, entry))
    return {
        "title": described["info"]["title"],
        "about": described["info"]["description"],
        "groups": list(groups.values()),
        "problems": [(one.status, one.code, pieces(one.meaning)) for one in problems.described()],
        "scopes": scopes.known(),
        "window": signing.WINDOW,
        "root": f"/{ROOT}",
    }


def _operation(described: dict[str, Any], path: str, method: str, entry: dict[str, Any]) -> Operation:
    body = entry.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    status = next((code for code in entry["responses"] if code.startswith("2")), "")
    answer = entry["responses"].get(status, {}).get("content", {}).get("application/json", {}).get("schema", {})
    example = _resolve(described, body).get("example")
    shown = [p for p in entry.get("parameters", []) if p["name"] not in {signing.TIME_HEADER, signing.SIGNATURE_HEADER}]
    name = path.strip("/").replace("/", "-").translate(str.maketrans("", "", "{}"))
    return Operation(
        method=method.upper(), path=path, anchor=f"{method}-{name}",
        summary=entry["summary"], scope=entry.get("x-scope", ""),
        description=[pieces(line.strip()) for line in entry.get("description", "").splitlines() if line.strip()],
        parameters=[Field(p["name"], _kind(described, p["schema"]), p.get("required", False), _note(p["schema"], p)) for p in shown],
        body=_fields(described, body), answer=_fields(described, answer), status=status,
        example=json.dumps(example, indent=2, ensure_ascii=False) if example else "",
    )  # fmt: skip


def _resolve(described: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        part = described["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    if "anyOf" in part:  # "or nothing"
        real = [one for one in part["anyOf"] if one.get("type") != "null"]
        return _resolve(described, real[0]) if len(real) == 1 else part
    return part


def _fields(described: dict[str, Any], part: dict[str, Any], prefix: str = "", depth: int = 0) -> list[Field]:
    whole = _resolve(described, part)
    if whole.get("type") == "array" and depth < 4:
        return _fields(described, whole["items"], f"{prefix.removesuffix('.')}[].", depth + 1)
    found = []
    for name, entry in whole.get("properties", {}).items():
        inner = _resolve(described, entry)
        if ("properties" in inner or inner.get("type") == "array") and depth < 4:
            found += _fields(described, inner, f"{prefix}{name}.", depth + 1)
        else:
            found.append(Field(f"{prefix}{name}", _kind(described, entry), name in whole.get("required", []), _note(inner, entry)))
    return found


def _kind(described: dict[str, Any], part: dict[str, Any]) -> str:
    inner = _resolve(described, part)
    kind = {"date-time": "time with zone", "date": "date"}.get(inner.get("format", ""), inner.get("type", ""))
    words = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    nothing = any(one.get("type") == "null" for one in part.get("anyOf", []))
    return words.get(kind, kind) + (" or null" if nothing else "")


def _note(inner: dict[str, Any], outer: dict[str, Any]) -> str:
    notes = [outer.get("description") or inner.get("description") or ""]
    if "enum" in inner:
        notes.append("one of " + ", ".join(map(str, inner["enum"])))
    if "maxLength" in inner:
        notes.append(f"at most {inner['maxLength']} characters")
    if outer.get("default") not in (None, "") and "default" in outer:
        notes.append(f"{json.dumps(outer['default'])} when left out")
    return "; ".join(note for note in notes if note)
