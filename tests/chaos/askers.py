"""The clients: real ones of both eras, and one on stdio in raw lines."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from random import Random
from time import monotonic
from typing import Any, Literal

from fastmcp import Client
from fastmcp.client.transports import SSETransport, StreamableHttpTransport
from mcp import MCPError
from mcp.client.subscriptions import listen
from mcp.types import EmptyResult, SubscribeRequest, SubscribeRequestParams

from tests.chaos.notes import Notes
from tests.chaos.questions import KNOWN, Question, ask
from tests.chaos.rules import LONGEST, SENTENCE, Reply, Rules
from tests.chaos.stage import KEY
from tests.chaos.truth import Truth
from tests.processes import Process

PATIENCE = 60.0  # s after which a call counts as never answered
Mode = Literal["auto", "legacy"]
Send = Callable[[Question], Awaitable[Reply]]


class Asker:
    """Asks, and looks at what comes back."""

    def __init__(self, name: str, seed: int, notes: Notes, rules: Rules, truth: Truth) -> None:
        self.name = name
        self.dice = Random(f"{seed}/{name}")
        self.notes = notes
        self._rules = rules
        self._truth = truth
        self.may_ask = asyncio.Event()  # set while questions may be asked
        self.may_ask.set()

    async def run(self) -> None:
        """Do what such a client does, for ever."""
        raise NotImplementedError

    async def ask(self, question: Question, send: Send) -> Reply | None:
        """One call, held against all rules; None where it brought no answer."""
        asked, began = self._truth.now, monotonic()
        what = f"{self.name} {question} asked at {self.notes.now:.1f} s"
        try:
            async with asyncio.timeout(PATIENCE):
                reply = await send(question)
        except TimeoutError:
            self.notes.find("answered", f"{what}: no answer in {PATIENCE:.0f} s")
            self.notes.called(question.tool, "never answered", PATIENCE)
            return None
        except asyncio.CancelledError:
            self.notes.called(question.tool, "cancelled", 0)
            raise
        except Exception as error:
            self.notes.find("transport", f"{what}: {type(error).__name__} {error}"[:400])
            self.notes.called(question.tool, "transport", monotonic() - began)
            return None
        spent = monotonic() - began
        if spent > LONGEST:
            self.notes.find("in time", f"{what}: {spent:.1f} s")
        self.notes.called(question.tool, reply.outcome, spent)
        self._rules.look(what, reply, default=question.default)
        if reply.failed:
            self._truth.doubt(what, [question.symbol], [reply.text])
        else:
            self._truth.doubt(what, *reply.missing)
            self._truth.judge(what, question.tool, reply.structure, asked, self._truth.now)
        return reply

    async def go_on(self, send: Send, questions: int) -> None:
        """So many questions, some at once, some cancelled midway."""
        for _ in range(questions):
            await self.may_ask.wait()
            together = self.dice.choices((1, 2, 4), weights=(8, 2, 1))[0]
            tasks = [asyncio.create_task(self.ask(ask(self.dice), send)) for _ in range(together)]
            try:
                if self.dice.random() < 0.08:
                    await asyncio.sleep(self.dice.uniform(0, 0.8))
                    tasks[0].cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                for task in tasks:
                    task.cancel()
            await asyncio.sleep(self.dice.expovariate(2.5))


class Visitor(Asker):
    """A real client of one era that comes, asks, subscribes at times, leaves and comes back."""

    def __init__(self, url: str, path: str, mode: Mode, *who: Any) -> None:
        super().__init__(*who)
        self._url = f"{url}{path}"
        self._mode = mode
        self.told = 0

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[Client[Any]]:
        """A connected client."""
        kind = SSETransport if self._url.endswith("/sse") else StreamableHttpTransport
        async with Client(kind(self._url, auth=KEY), mode=self._mode, message_handler=self._take) as client:
            yield client

    async def _take(self, _message: Any) -> None:
        self.told += 1

    @asynccontextmanager
    async def subscribed(self, client: Client[Any], uri: str) -> AsyncIterator[None]:
        """Told of a resource while inside."""
        if self._mode == "legacy":
            await client.session.send_request(SubscribeRequest(params=SubscribeRequestParams(uri=uri)), EmptyResult)
            yield
        else:
            async with listen(client.session, resource_subscriptions=[uri]):
                yield

    async def run(self) -> None:
        """Visits, for ever."""
        while True:
            visit = asyncio.create_task(self._one_visit(self.dice.randint(8, 60)))
            try:
                rude = self.dice.random() < 0.25
                await asyncio.wait({visit}, timeout=self.dice.uniform(1, 15) if rude else None)
            finally:
                visit.cancel()
                await asyncio.wait({visit}, timeout=10)
            await asyncio.sleep(self.dice.uniform(0, 1))

    async def _one_visit(self, questions: int) -> None:
        wants = self.dice.random() < 0.5
        uri = f"quote://{self.dice.choice(KNOWN)}"
        try:
            async with self.visit() as client:
                watching = self.subscribed(client, uri) if wants else nullcontext()
                try:
                    async with asyncio.timeout(PATIENCE) as limit, watching:
                        limit.reschedule(None)
                        if wants:
                            self.notes.called("subscribe", "ok", 0)
                        await self.go_on(sender(client), questions)
                except MCPError as refused:
                    self.notes.called("subscribe", str(refused).partition(":")[0][:20], 0)
                    if not SENTENCE.fullmatch(str(refused)):
                        self.notes.find("sentence", f"{self.name} subscribes to {uri}: {str(refused)[:300]!r}")
        except TimeoutError:
            self.notes.find("answered", f"{self.name} subscribes to {uri}: no answer in {PATIENCE:.0f} s")
        except Exception as error:
            self.notes.find("transport", f"{self.name} visits: {type(error).__name__} {error}"[:400])


def sender(client: Client[Any]) -> Send:
    """Calls by way of a client."""

    async def send(question: Question) -> Reply:
        result = await client.call_tool_mcp(question.tool, question.arguments)
        return Reply.of(result.model_dump(mode="json", by_alias=True, exclude_none=True))

    return send


class Liner(Asker):
    """One client on stdio, in raw lines: every line that comes back is protocol."""

    def __init__(self, server: Process, *who: Any) -> None:
        super().__init__(*who)
        self._server = server
        self._read = 0
        self._greeted = asyncio.Event()
        self._answers: dict[int, dict[str, Any]] = {}

    async def run(self) -> None:
        """Questions, for ever; one conversation lasts as long as the process."""
        who = {"name": "chaos", "version": "0"}
        asked = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": who}
        await self._answer(self._server.send("initialize", asked))
        self._server.write('{"jsonrpc": "2.0", "method": "notifications/initialized"}')
        self._greeted.set()
        for symbol in KNOWN[:3]:
            await self._answer(self._server.send("resources/subscribe", {"uri": f"quote://{symbol}"}))
        while True:
            await self.go_on(self.send, 50)

    async def send(self, question: Question) -> Reply:
        """One call."""
        await self._greeted.wait()
        number = self._server.call(question.tool, **question.arguments)
        try:
            answer = await self._answer(number)
        except asyncio.CancelledError:
            gone = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}
            self._server.write(json.dumps(gone))
            raise
        if "error" in answer:
            return Reply(answer["error"]["message"], failed=True)
        return Reply.of(answer["result"])

    async def _answer(self, number: int) -> dict[str, Any]:
        while number not in self._answers:
            await asyncio.sleep(0.02)
            self.read()
        return self._answers.pop(number)

    def read(self) -> None:
        """Take in what stands on stdout."""
        lines = self._server.out[self._read :]
        self._read += len(lines)
        for line in lines:
            try:
                message = json.loads(line)
                assert message["jsonrpc"] == "2.0"
            except (ValueError, TypeError, KeyError, AssertionError):
                self.notes.find("stdout", f"{line[:200]!r} is no protocol")
                continue
            if "id" in message:
                self._answers[message["id"]] = message
