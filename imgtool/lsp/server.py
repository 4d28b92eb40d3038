"""``imgtool lsp``: the language server. It reads open documents and the project's files, and writes nothing.

Linting runs in one thread of its own, so that neither rules nor ShellCheck keep the editor waiting; what an editor asks
of one version of a document is linted once.
"""

from __future__ import annotations

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple, cast

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.uris import to_fs_path

from imgtool import __version__
from imgtool.config import NAMES
from imgtool.lint.batch import Request
from imgtool.lsp import actions, diagnostics
from imgtool.lsp.actions import Client, Place
from imgtool.lsp.analysis import Analysis, analyse
from imgtool.lsp.hover import hover
from imgtool.lsp.texts import Change, Encoding, Position, Text, encoded

DEBOUNCE = 0.2
"""Seconds without a key after which diagnostics are sent to a client that does not ask for them."""

WATCHED = (*NAMES, ".hadolint.yaml", ".hadolint.yml", ".dockerignore", "*.dockerignore")
"""Files that change what is found in Dockerfiles."""


class Held(NamedTuple):
    """An open document, and what linting this version of it gives or will give."""

    text: Text
    version: int | None
    path: Path | None
    result: asyncio.Future[Analysis] | None = None


class Protocol(LanguageServerProtocol):
    """pygls's, less its own copy of the documents.

    That ends lines where the protocol does not (at form feeds and U+2028), and moves a position after a line's end by
    one; what is typed then lands elsewhere than in the editor.
    """

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Any:
        """Hand a change to our handler alone."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None


class Server(LanguageServer):
    """The server with its documents."""

    def __init__(self, request: Request) -> None:
        super().__init__("imgtool", __version__, protocol_cls=Protocol)
        self.request = request
        self.open: dict[str, Held] = {}
        self.waiting: dict[str, asyncio.Task[None]] = {}
        self.linter = ThreadPoolExecutor(1, "imgtool-lint")
        self.said: set[str] = set()
        self.asked_to_end = False

    # --- what the client can -----------------------------------------------------------------------------

    @property
    def pulls(self) -> bool:
        """Whether the client asks for diagnostics."""
        document = self.client_capabilities.text_document
        return bool(document and document.diagnostic)

    @property
    def client(self) -> Client:
        workspace = self.client_capabilities.workspace
        edits = workspace.workspace_edit if workspace else None
        creates = edits.resource_operations if edits else None
        versioned = bool(edits and edits.document_changes)
        return Client(versioned, versioned and types.ResourceOperationKind.Create in (creates or ()))

    @property
    def related(self) -> bool:
        """Whether the client shows further places of a finding."""
        document = self.client_capabilities.text_document
        if document is None:
            return False
        asked = (document.publish_diagnostics, document.diagnostic)
        return any(each and each.related_information for each in asked)

    # --- documents ---------------------------------------------------------------------------------------

    def hold(self, uri: str, text: Text, version: int | None) -> None:
        """Keep a version of a document, not linted yet."""
        self.open[uri] = Held(text, version, _path(uri))

    async def analysed(self, uri: str) -> tuple[Held, Analysis] | None:
        """The newest version of a document with what linting it gave; None where it is not open."""
        while (held := self.open.get(uri)) is not None:
            if held.result is None:
                loop = asyncio.get_running_loop()
                held = held._replace(result=loop.run_in_executor(self.linter, self._analyse, uri, held))
                self.open[uri] = held
            result = cast("asyncio.Future[Analysis]", held.result)
            # a client that cancels a request does not mean the others that wait
            analysis = await asyncio.shield(result)
            if self.open.get(uri) is held:
                return held, analysis
        return None

    def _analyse(self, uri: str, held: Held) -> Analysis:
        now = self.open.get(uri)
        if now is None or now.text is not held.text:
            # it was typed on meanwhile: nobody gets to see this
            return Analysis(held.text.data)
        return analyse(held.text.data, held.path, self.request)

    def publish(self, uri: str, delay: float = 0) -> None:
        """Send diagnostics soon, to a client that does not ask for them; what was to be sent before is not."""
        if self.pulls:
            return
        if before := self.waiting.pop(uri, None):
            before.cancel()
        self.waiting[uri] = asyncio.ensure_future(self._publish(uri, delay))

    async def _publish(self, uri: str, delay: float) -> None:
        await asyncio.sleep(delay)
        if found := await self.analysed(uri):
            held, analysis = found
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(uri, self.shown(uri, held, analysis), held.version)
            )

    def shown(self, uri: str, held: Held, analysis: Analysis) -> list[types.Diagnostic]:
        """The diagnostics of a document; what is for the log is logged."""
        for note in analysis.notes:
            if note in self.said:
                continue
            self.said.add(note)
            self.window_log_message(types.LogMessageParams(types.MessageType.Warning, note))
        return diagnostics.diagnostics(analysis, held.text, uri, related=self.related)

    def forget(self, *uris: str) -> None:
        """Lint documents once more, as what stands around them has changed."""
        for uri in uris:
            if held := self.open.get(uri):
                self.hold(uri, held.text, held.version)
                self.publish(uri, DEBOUNCE)
        workspace = self.client_capabilities.workspace
        refreshes = workspace.diagnostics if workspace else None
        if uris and self.pulls and refreshes and refreshes.refresh_support:
            self.workspace_diagnostic_refresh(None)


def _path(uri: str) -> Path | None:
    """Where a document is on the disk; None for one that is nowhere yet."""
    name = to_fs_path(uri) if uri.startswith("file:") else None
    return Path(name) if name else None


def _change(change: types.TextDocumentContentChangeEvent) -> Change:
    if isinstance(change, types.TextDocumentContentChangePartial):
        return Change(change.text, diagnostics.from_range(change.range))
    return Change(change.text)


def serve(request: Request) -> int:
    """Serve one client over standard input and output; the exit code: 0 where it said that it ends."""
    server = build(request)
    # pygls closes what it writes to; and what anything else prints would end the session
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out, redirect_stdout(sys.stderr):
        server.start_io(sys.stdin.buffer, out)
    server.linter.shutdown(wait=False, cancel_futures=True)
    return 0 if server.asked_to_end else 1


def build(request: Request) -> Server:
    """The server with its features."""
    server = Server(request)
    _documents(server)
    _requests(server)

    @server.feature(types.INITIALIZED)
    def initialized(_params: types.InitializedParams) -> None:
        workspace = server.client_capabilities.workspace
        watches = workspace.did_change_watched_files if workspace else None
        if watches and watches.dynamic_registration:
            server.client_register_capability(_watching())

    @server.feature(types.SHUTDOWN)
    def shutdown(_params: None) -> None:
        server.asked_to_end = True

    return server


def _watching() -> types.RegistrationParams:
    files = [types.FileSystemWatcher(glob_pattern=f"**/{name}") for name in WATCHED]
    options = types.DidChangeWatchedFilesRegistrationOptions(files)
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    return types.RegistrationParams([types.Registration("imgtool-configuration", method, options)])


def _documents(server: Server) -> None:
    """The features by which documents come, change and go."""

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        encoding = cast("Encoding", server.workspace.position_encoding)
        text = Text(encoded(document.text), cast("Encoding", str(getattr(encoding, "value", encoding))))
        server.hold(document.uri, text, document.version)
        server.publish(document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        if held := server.open.get(document.uri):
            server.hold(
                document.uri, held.text.changed(map(_change, params.content_changes)), document.version
            )
            server.publish(document.uri, DEBOUNCE)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        # the build context may have changed with it
        server.forget(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.open.pop(uri, None)
        if before := server.waiting.pop(uri, None):
            before.cancel()
        if not server.pulls:
            server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_watched(_params: types.DidChangeWatchedFilesParams) -> None:
        server.forget(*server.open)


def _requests(server: Server) -> None:
    """The features that answer."""

    @server.feature(
        types.TEXT_DOCUMENT_DIAGNOSTIC,
        types.DiagnosticOptions(
            inter_file_dependencies=False, workspace_diagnostics=False, identifier="imgtool"
        ),
    )
    async def pull(params: types.DocumentDiagnosticParams) -> types.RelatedFullDocumentDiagnosticReport:
        uri = params.text_document.uri
        found = await server.analysed(uri)
        items = server.shown(uri, *found) if found else []
        return types.RelatedFullDocumentDiagnosticReport(items=items)

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[*actions.KINDS])
    )
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri = params.text_document.uri
        found = await server.analysed(uri)
        # of an empty document, and of one that is too large, there is nothing to tell
        if found is None or not found[1].data:
            return []
        held, analysis = found
        place = Place(uri, held.version, held.text)
        return await asyncio.get_running_loop().run_in_executor(
            server.linter, actions.actions, analysis, place, params, server.client
        )

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover_at(params: types.HoverParams) -> types.Hover | None:
        found = await server.analysed(params.text_document.uri)
        if found is None or not found[1].data:
            return None
        held, analysis = found
        offset = held.text.offset(Position(params.position.line, params.position.character))
        shown = await asyncio.get_running_loop().run_in_executor(server.linter, hover, analysis, offset)
        if shown is None:
            return None
        content = types.MarkupContent(types.MarkupKind.Markdown, shown.text)
        return types.Hover(content, diagnostics.to_range(held.text.range(shown.span)))
