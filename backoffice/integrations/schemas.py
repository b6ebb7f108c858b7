"""Words that every part of the HTTP interface shares: money as text, moments with a zone, names without control characters."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from ninja import Path
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, core_schema

MOST_ID = 2**63 - 1
_AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,19})(?:\.[0-9]{1,18})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Input(BaseModel):
    """A body: a field that is not known is refused, so that a misspelt one is never silently left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True)


def _amount(value: Any) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("amount_text", 'Write amounts as text, such as "25.00". JSON numbers lose digits.')
    if not _AMOUNT.fullmatch(value):
        raise PydanticCustomError("amount_form", 'Write amounts as digits with a point, such as "25.00": no sign, no exponent, no spaces.')
    return value


def _printable(value: str) -> str:
    if not value.isprintable():
        raise PydanticCustomError("unprintable", "Control characters and half characters are not taken.")
    return value


def _date(value: Any) -> date:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("date_form", "Write dates as text, such as 1990-05-31.")


Amount = Annotated[str, BeforeValidator(_amount), WithJsonSchema({"type": "string", "pattern": _AMOUNT.pattern, "examples": ["25.00"]})]
CurrencyCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{3,10}$")]
Country = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{2}$"), Field(description="ISO 3166-1, two letters")]
Day = Annotated[date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
Id = Annotated[StrictInt, Field(ge=1, le=MOST_ID)]
PathId = Annotated[int, Path(ge=1, le=MOST_ID)]
Moment = AwareDatetime


@dataclass(frozen=True)
class Text:
    """Text of a length, trimmed, without control characters: `Annotated[str, Text(80)]`."""

    most: int
    least: int = 1

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        kept = core_schema.str_schema(strict=True, strip_whitespace=True, min_length=self.least, max_length=self.most)
        return core_schema.no_info_after_validator_function(_printable, kept)


class MoneyIn(Input):
    """An amount above zero in units of its currency."""

    amount: Amount
    currency: CurrencyCode


class MoneyOut(Output):
    """An amount in units of its currency, with all its decimals."""

    amount: str = Field(examples=["25.00"])
    currency: str = Field(examples=["EUR"])
