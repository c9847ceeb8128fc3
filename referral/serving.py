"""Running: the application on its socket and the clockwork beside it, until told to stop.

Ctrl-C and SIGTERM end everything in order: first nobody new gets in, then what is being worked on
is finished, then the clockwork stops after its rung. It must never know whose database it is.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from types import FrameType
from typing import Final, Self, TypeVar

import uvicorn

from protocols.catalogue import Catalogue
from referral import preparing, rolling, worker
from referral.entry import Installation
from referral.loading import loading
from referral.notices.live import Live
from referral.renewing import renew
from referral.settings import Settings

T = TypeVar("T")

GRACE: Final = 8  # seconds for answers under way; the container has 25 in all
Beside = Callable[[asyncio.Event], Awaitable[object]]
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Ending:
    """Being told to stop, whenever it comes: while starting, while running, while stopping.

    While starting it interrupts, so that what was begun is undone; while running it asks; once
    asked, further signals change nothing (Ctrl-C reaches a program twice under some launchers).
    """

    def __init__(self) -> None:
        self.asked = False
        self._event: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        """From here signals come to us."""
        self._before = {number: signal.signal(number, self._told) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        """Give them back."""
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]  # as it was handed out

    def event(self) -> asyncio.Event:
        """What is set when somebody asks; called once, inside the loop."""
        self._loop, self._event = asyncio.get_running_loop(), asyncio.Event()
        if self.asked:
            self._event.set()
        return self._event

    def _told(self, _number: int, _frame: FrameType | None) -> None:
        first, self.asked = not self.asked, True
        if self._event is not None and self._loop is not None:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._event.set)
        elif first:
            raise KeyboardInterrupt


class _Server(uvicorn.Server):
    """uvicorn without its own idea of signals, and saying when it is there."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            gc.freeze()  # what there is by now stays: to look through it again takes 0.1 s
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on, taken before anything slow begins. Raises OSError if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as fault:
        message = (
            f"Port {port} on {host} cannot be used ({os.strerror(fault.errno or 0)}). Stop the "
            "program that has it, or choose another with --port (0: any free one)."
        )
        raise OSError(message) from fault


def address_of(listening: socket.socket, settings: Settings) -> str:
    """What to type into a browser on this machine."""
    host, port = listening.getsockname()[:2]
    scheme = "http" if settings.tls_cert is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"


def certified(settings: Settings) -> None:
    """Whether the TLS files are what they must be, before anything slow begins. Raises OSError."""
    if settings.tls_cert is None or settings.tls_key is None:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            settings.tls_cert, settings.tls_key
        )
    except OSError as fault:
        reason = fault.strerror or type(fault).__name__
        message = (
            f"REFERRAL_TLS_CERT ({settings.tls_cert}) and REFERRAL_TLS_KEY ({settings.tls_key}) "
            f"cannot be used: {reason}. Both are PEM files the service may read; the key is the "
            "one the certificate was made for, and has no passphrase."
        )
        raise OSError(message) from fault


@contextmanager
def meanwhile() -> Iterator[Future[Catalogue]]:
    """All that is served, loaded while the database starts; the law, which comes last, is given.

    Whoever is told to stop waits for what is just being loaded, and for no more. The law's
    ``result`` raises ProblemsFound.
    """
    beside = ThreadPoolExecutor(1, "loading")
    try:
        for room in ("web", "api", "app"):
            beside.submit(_loaded, import_module, f"referral.{room}")
        yield beside.submit(_loaded, partial(Catalogue.load, goes_on=True))
    finally:
        beside.shutdown(cancel_futures=True)


def _loaded(load: Callable[..., T], *given: object) -> T:
    with loading():
        return load(*given)


def configured(installation: Installation) -> uvicorn.Config:
    """The application, and how its server speaks: TLS, and whose word on who calls is taken."""
    from referral.app import make_app  # noqa: PLC0415 - what serves nothing loads no page

    settings = installation.settings
    return uvicorn.Config(
        make_app(installation),
        log_config=None,
        access_log=False,
        server_header=False,
        # Who calls, and whether by TLS, is believed of nobody but the proxy that is declared.
        proxy_headers=settings.trusted_proxy is not None,
        forwarded_allow_ips=settings.trusted_proxy or "",
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=15,
    )


def serve(
    installation: Installation,
    listening: socket.socket,
    ending: Ending,
    *,
    clockwork: Installation | None = None,
    beside: Sequence[Beside] = (),
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until told to stop, with the clockwork beside it if it is given its connections.

    ``beside``: what else runs along, each until the event it is given is set.
    """
    config = configured(installation)
    server = _Server(config, ready)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        both = [installation, *([clockwork] if clockwork else [])]
        runner.get_loop().add_signal_handler(signal.SIGHUP, renew, both)
        runner.run(_serve(server, listening, ending, clockwork, beside, installation.live))


async def _serve(
    server: _Server,
    listening: socket.socket,
    ending: Ending,
    clockwork: Installation | None,
    beside: Sequence[Beside],
    live: Live,
) -> None:
    stopping = ending.event()
    answering = asyncio.create_task(server.serve([listening]))
    ticking = asyncio.create_task(_work(clockwork, stopping)) if clockwork else None
    others = [asyncio.ensure_future(one(stopping)) for one in beside]
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait({answering, asked}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    live.close()  # pages that wait would keep us waiting
    try:
        await answering
    finally:
        stopping.set()
        await asked
        await asyncio.gather(*others)
        if ticking is not None and clockwork is not None:
            await ticking
            await clockwork.engine.dispose()


async def _work(clockwork: Installation, stopping: asyncio.Event) -> worker.Turn:
    """The clockwork, and beside it the keeping of figures and releases: no limit waits for them."""
    law = (lambda: clockwork.catalogue, clockwork.clock)  # asked anew: a renewal replaces the law
    keeping = asyncio.create_task(rolling.run(clockwork.engine, *law, stopping))
    releasing = asyncio.create_task(preparing.run(clockwork, stopping))
    try:
        return await worker.run(clockwork, stopping)
    finally:
        stopping.set()
        await asyncio.gather(keeping, releasing)
        if clockwork.reporter is not None:
            await clockwork.reporter.dispose()


def tick(clockwork: Installation, ending: Ending) -> worker.Turn:
    """The clockwork alone, until told to stop."""
    with asyncio.Runner(loop_factory=uvicorn.Config("").get_loop_factory()) as runner:
        runner.get_loop().add_signal_handler(signal.SIGHUP, renew, [clockwork])
        return runner.run(_tick(clockwork, ending))


async def _tick(clockwork: Installation, ending: Ending) -> worker.Turn:
    try:
        return await _work(clockwork, ending.event())
    finally:
        await clockwork.engine.dispose()
