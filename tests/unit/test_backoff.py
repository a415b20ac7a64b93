from __future__ import annotations

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_sync.errors import DependencyError
from channel_sync.store.connect import (
    Fault,
    backoff_seconds,
    classify,
    is_for_the_operator,
    is_read_only,
)


def test_waits_double_up_to_the_cap_and_half_of_each_is_chance() -> None:
    least = [backoff_seconds(n, first_ms=100, cap_ms=1_000, chance=0.0) for n in range(1, 7)]
    most = [backoff_seconds(n, first_ms=100, cap_ms=1_000, chance=1.0) for n in range(1, 7)]
    assert most == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert least == [wait / 2 for wait in most]


@given(
    attempt=st.integers(1, 10_000),
    first_ms=st.integers(1, 10_000),
    cap_ms=st.integers(1, 1_000_000),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_a_wait_is_never_longer_than_the_cap(
    attempt: int, first_ms: int, cap_ms: int, chance: float
) -> None:
    wait = backoff_seconds(attempt, first_ms=first_ms, cap_ms=cap_ms, chance=chance)
    assert wait > 0
    assert wait <= cap_ms / 1000


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.SerializationError(""),
        asyncpg.DeadlockDetectedError(""),
        asyncpg.LockNotAvailableError(""),
        asyncpg.QueryCanceledError(""),
        asyncpg.AdminShutdownError(""),
        asyncpg.CrashShutdownError(""),
        asyncpg.CannotConnectNowError(""),
        asyncpg.TooManyConnectionsError(""),
        asyncpg.ConnectionDoesNotExistError(""),
        asyncpg.ConnectionFailureError(""),
        asyncpg.ReadOnlySQLTransactionError(""),
        asyncpg.IdleInTransactionSessionTimeoutError(""),
        asyncpg.InvalidCachedStatementError(""),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 12"),
        asyncpg.exceptions.TargetServerAttributeNotMatched(""),
        OSError(),
        ConnectionResetError(),
        TimeoutError(),
        DependencyError(""),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_passes_is_waited_for(error: BaseException) -> None:
    assert classify(error) is Fault.TRANSIENT


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.StringDataRightTruncationError(""),
        asyncpg.InvalidTextRepresentationError(""),
        asyncpg.UniqueViolationError(""),
        asyncpg.ExclusionViolationError(""),
        asyncpg.NotNullViolationError(""),
        asyncpg.exceptions.DataError("invalid input for query argument $1"),
        asyncpg.ProgramLimitExceededError("total size of jsonb array elements"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_one_message_is_to_blame_for_is_a_data_error(error: BaseException) -> None:
    assert classify(error) is Fault.DATA


@pytest.mark.parametrize(
    ("error", "operator"),
    [
        (asyncpg.InsufficientPrivilegeError(""), True),
        (asyncpg.UndefinedTableError(""), True),
        (asyncpg.InvalidPasswordError(""), True),
        (asyncpg.InvalidCatalogNameError(""), True),
        (asyncpg.InternalServerError(""), False),
        (ZeroDivisionError(), False),
        (KeyError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_person_must_mend_is_permanent(error: BaseException, operator: bool) -> None:
    assert classify(error) is Fault.PERMANENT
    assert is_for_the_operator(error) is operator


def test_a_demoted_server_is_known_by_its_answer() -> None:
    assert is_read_only(asyncpg.ReadOnlySQLTransactionError(""))
    assert not is_read_only(asyncpg.DeadlockDetectedError(""))
