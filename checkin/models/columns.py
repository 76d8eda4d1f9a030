"""The kinds of columns that the tables share."""

from enum import StrEnum
from typing import Annotated

from sqlalchemy import BigInteger, Enum, Integer
from sqlalchemy.orm import mapped_column

BigId = BigInteger().with_variant(Integer, "sqlite")
Id = Annotated[int, mapped_column(BigId, primary_key=True)]


def named(kind: type[StrEnum], *, name: str) -> Enum:
    """Return a column type that stores the values of `kind` as text, with a CHECK called `name`."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=20,
        name=name,
        values_callable=lambda members: [member.value for member in members],
    )
