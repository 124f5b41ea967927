"""A real `ichor annotate PROJECT --host ...` for the page's tests, with accounts, and browsers that log in."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from annotate.page.conftest import is_complaint
from annotate.page.hands import PATIENT_MS
from annotate.page.served import PATIENT_S, free_port


def password_of(name: str) -> str:
    return f"the password of {name}"


def add_accounts(project: Path, roles: Mapping[str, str]) -> None:
    for name, role in roles.items():
        command = [sys.executable, "-m", "ichor", "annotate", "account", "add", str(project), name, "--role", role]
        subprocess.run(command, input=password_of(name) + "\n", text=True, check=True, timeout=PATIENT_S)


@contextmanager
def served_over_tls(project: Path) -> Iterator[str]:
    """The address of a server over TLS for a project with accounts."""
    port = free_port()
    command = [sys.executable, "-m", "ichor", "annotate", str(project), "--no-browser", "--port", str(port)]
    command += ["--host", "0.0.0.0", "--self-signed"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    late = threading.Timer(PATIENT_S, process.kill)
    late.start()
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "Ctrl-C" in line:
            break
    late.cancel()
    assert said and "Ctrl-C" in said[-1], said
    try:
        yield f"https://127.0.0.1:{port}/"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENT_S)
        process.stdout.close()


@contextmanager
def browser_of(
    browser: Browser, complaints: list[str], size: tuple[int, int] = (1280, 800)
) -> Iterator[BrowserContext]:
    """A browser whose user has accepted the self-signed certificate; what its pages complain of is collected."""
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, ignore_https_errors=True)
    context.set_default_timeout(PATIENT_MS)
    context.on("weberror", lambda one: complaints.append(str(one.error)))
    context.on("console", lambda one: complaints.append(one.text) if is_complaint(one) else None)
    yield context
    context.close()


def log_in(page: Page, address: str, name: str, password: str | None = None) -> None:
    """Type a name and a password on the login page, to which a page without a session leads."""
    page.goto(address + "login")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password or password_of(name))
    page.keyboard.press("Enter")
    if password is None:
        expect(page.locator("#reader")).to_have_text(name)
