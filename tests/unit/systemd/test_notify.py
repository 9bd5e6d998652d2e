"""Messages to systemd, received on a real socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiemp.systemd.notify import SILENT, VARIABLES, Notifier, take_over


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What systemd listens with."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        path = tmp_path / "notify"
        listener.bind(str(path))
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        monkeypatch.setenv("WATCHDOG_USEC", "180000000")
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
        yield listener


def close(notifier: Notifier) -> None:
    notifier._channel.socket.close()  # type: ignore[union-attr]


def test_a_successor_in_the_same_process_is_heard_too(systemd: socket.socket) -> None:
    """What was taken out of the environment is put back for the program that this process becomes."""
    before = {name: os.environ[name] for name in VARIABLES}
    notifier = take_over()
    environ: dict[str, str] = {}
    notifier.give_back(environ)
    assert environ == before
    close(notifier)


def test_each_message_is_a_datagram_and_children_inherit_no_socket(systemd: socket.socket) -> None:
    """READY, STATUS and WATCHDOG arrive one by one; the environment holds nothing of them afterwards."""
    notifier = take_over()
    assert notifier.watchdog_s == 180
    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & set(os.environ)
    notifier.ready()
    notifier.status("wartet auf 🟢 Müller\nzwei")
    notifier.status("wartet auf 🟢 Müller\nzwei")
    notifier.watchdog()
    assert systemd.recv(4096) == b"READY=1"
    assert systemd.recv(4096) == b"STATUS=wartet auf ? M?ller zwei"
    assert systemd.recv(4096) == b"WATCHDOG=1", "an unchanged status is not sent again"
    close(notifier)


def test_reload_carries_the_monotonic_time(systemd: socket.socket) -> None:
    """RELOADING=1 needs MONOTONIC_USEC in the same datagram (sd_notify(3))."""
    notifier = take_over()
    notifier.reloading()
    assert systemd.recv(4096).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    notifier.extend_timeout(1.5)
    assert systemd.recv(4096) == b"EXTEND_TIMEOUT_USEC=1500000"
    notifier.stopping_within(2)
    assert [systemd.recv(4096) for _ in range(2)] == [b"STOPPING=1", b"EXTEND_TIMEOUT_USEC=2000000"]
    close(notifier)


def test_watchdog_of_another_process_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A WATCHDOG_PID that names somebody else means that nothing is expected of us."""
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notifier = take_over()
    assert (notifier.watchdog_s, notifier.is_heard) == (None, False)
    notifier.ready()
    SILENT.status("nobody hears this")
