"""The tables as Python knows them are the tables the migration makes."""

from __future__ import annotations

from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.models import Directory
from agencies.register.spelling import AGENCY_TYPES


async def test_the_models_have_the_columns_of_the_database(owner: AsyncConnection) -> None:
    def columns(connection: Connection) -> dict[str, dict[str, tuple[str, bool]]]:
        inspector = inspect(connection)
        return {
            name: {
                column["name"]: (column["type"].compile(connection.dialect), column["nullable"])
                for column in inspector.get_columns(name, schema="agencies")
            }
            for name in inspector.get_table_names("agencies")
        }

    written = {
        table.name: {
            column.name: (column.type.compile(owner.dialect), bool(column.nullable))
            for column in table.columns
        }
        for table in Directory.metadata.sorted_tables
    }
    assert written == await owner.run_sync(columns)


async def test_primary_keys_are_the_same(owner: AsyncConnection) -> None:
    def keys(connection: Connection) -> dict[str, set[str]]:
        inspector = inspect(connection)
        return {
            name: set(inspector.get_pk_constraint(name, "agencies")["constrained_columns"])
            for name in inspector.get_table_names("agencies")
        }

    assert {
        table.name: {column.name for column in table.primary_key}
        for table in Directory.metadata.sorted_tables
    } == await owner.run_sync(keys)


async def test_the_database_knows_the_same_agency_types(owner: AsyncConnection) -> None:
    def check(connection: Connection) -> str:
        checks = inspect(connection).get_check_constraints("agency", "agencies")
        return next(c["sqltext"] for c in checks if c["name"] == "agency_type_check")

    written = await owner.run_sync(check)
    assert [name for name in AGENCY_TYPES if f"'{name}'" not in written] == []
    assert written.count("'") == 2 * len(AGENCY_TYPES)
