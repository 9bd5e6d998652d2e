"""Which values are secrets: those of variables whose names say so, and what addresses and commands hold. Pure.

Redaction goes by value (:mod:`aiemp.redaction`), and a value is replaced wherever it appears. So a word that
may stand in any sentence must not be taken for a secret, or logs would become unreadable: paths, switches,
short values and stock words are left alone.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

LEAST_CHARACTERS = 8
LONGEST_PIECE = 512
"""A longer value is taken apart: each piece is a secret, and none needs much memory to be watched for."""

STRONG = frozenset(
    (
        *("PASSWORD", "PASSWD", "PASSPHRASE", "PASSCODE", "PASS", "PWD", "SECRET", "SECRETS"),
        *("PW", "TOKEN", "APIKEY", "JWT", "BEARER", "OTP", "PSK"),
    )
)
WEAK = frozenset(
    (
        *("KEY", "KEYS", "AUTH", "AUTHORIZATION", "CREDENTIAL", "CREDENTIALS", "COOKIE", "COOKIES"),
        *("CRED", "CREDS", "PAT", "WEBHOOK", "DSN", "SALT", "SIGNATURE"),
    )
)
"""Words of a variable's name. A weak one may also name a kind or a place: a plain word is no secret there."""

ENDINGS = ("PASSWORD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "ACCESSKEY", "SECRETKEY", "PRIVATEKEY")
PLACES = frozenset(("PATH", "FILE", "FILENAME", "DIR", "DIRECTORY", "FOLDER", "SOCK", "SOCKET", "ID", "NAME"))
"""Last words of names whose value only says where a secret lies, or whose it is."""

STOCK_WORDS = frozenset(
    (
        *("localhost", "password", "changeme", "disabled", "required", "optional", "default", "anonymous"),
        *("postgres", "undefined", "production", "development", "keychain", "plaintext", "redacted"),
        *("administrator", "placeholder", "unlimited", "automatic", "interactive"),
    )
)

_NAME_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:([^\s/?#@]*)@)?([^\s/?#]*)([^\s?#]*)(?:\?([^\s#]*))?")
_HEADER = re.compile(r"(?:-H)?([A-Za-z][\w-]*):[ \t]*(\S.*)", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.+)", re.DOTALL)
_BEARER = re.compile(r"""\b[Bb]earer\s+([^\s"'\\]+)""")
_DOTENV = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*
    ("(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | [^\r\n]*)""",
    re.MULTILINE | re.VERBOSE | re.DOTALL,
)

# Few values need these, so they are compiled when one does: most processes live for a tenth of a second.
_PATH = r"(?:~|\.{1,2})?(?:/[\w .@-]*)+"
_FILE_NAME = r"[\w ./@-]+\.(?:json|pem|key|pickle|txt|toml|ya?ml|env|crt|cer|p12|pfx|db)"
_RANDOM = r"(?=[^/]*[a-z])(?=[^/]*[A-Z])(?=[^/]*\d)[^/]{20,}"
_WEBHOOK = (
    r"hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/(?:v\d+/)?webhooks/"
    r"|api\.telegram\.org/bot|webhook\.office\.com/|hooks\.zapier\.com/|hc-ping\.com/|ntfy\.sh/"
)
_SHELL_WORD = r"""(?:"[^"]*"|'[^']*'|\S)+"""
_REFERENCE = r"\$\{([^}:]*)(?::-([^}]*))?\}"
_ESCAPE = r"\\(.)"
_CONTROLS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def find_secrets(variables: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The secret values among ``variables`` (name, value), each with the name of the first that has it."""
    found: dict[str, str] = {}
    for name, value in variables:
        for secret in _secrets_in(name, value):
            for piece in _pieces(secret):
                found.setdefault(piece, name)
    return found


def names_a_secret(name: str) -> bool:
    """Whether a variable, an option or a key of that name holds a secret."""
    words = _words(name)
    return bool(words) and words[-1] not in PLACES and (_is_strong(words) or _is_weak(words))


def dotenv_pairs(text: str) -> list[tuple[str, str]]:
    """What a ``.env`` text may mean, as (name, value): each value as it is written and as it is read.

    More generous than :func:`aiemp.environment.parse_dotenv`, and without its library: what aiemp refuses to
    hand to its children must not be shown either.
    """
    pairs: list[tuple[str, str]] = []
    values: dict[str, str] = {}
    for name, written in _DOTENV.findall(text):
        readings = dict.fromkeys(_readings(written))
        for reading in list(readings):
            if "${" in reading:
                readings[re.sub(_REFERENCE, lambda m: values.get(m[1], m[2] or ""), reading)] = None
        pairs += [(name, reading) for reading in readings]
        values[name] = list(readings)[-1] if readings else ""
    return pairs


def option_pairs(command: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What an argv may name a secret, as (name, value): ``--api-key VALUE``, ``--api-key=VALUE``, ``API_KEY=VALUE``,
    headers of HTTP and addresses; also in a shell's line that is one of its words."""
    before = ""
    for word in command:
        yield from _pairs_in(word)
        if word.startswith("-"):
            name, has_value, value = word.lstrip("-").partition("=")
            before = name
            if has_value:
                yield from _option(name, value)
                yield from _pairs_in(value)
        else:
            if before:
                yield from _option(before, word)
            before = ""


def _option(name: str, value: str) -> Iterator[tuple[str, str]]:
    yield name, value
    if name in ("u", "user", "proxy-user") and ":" in value:  # as curl has them
        yield "credentials", value.partition(":")[2]


def _pairs_in(word: str) -> Iterator[tuple[str, str]]:
    for shape in (_HEADER, _ASSIGNMENT):
        if found := shape.fullmatch(word):
            yield found[1], found[2]
    yield from (("Authorization", token) for token in _BEARER.findall(word))
    if "://" in word:
        yield "address", word
    if any(character.isspace() for character in word):
        # Shorter than the word each time, so this comes to an end.
        words = (re.sub("[\"']", "", each).rstrip(";|&)") for each in re.findall(_SHELL_WORD, word))
        yield from option_pairs([each for each in words if len(each) < len(word)])


def _secrets_in(name: str, value: str) -> Iterator[str]:
    value = value.strip()
    words = _words(name)
    named = names_a_secret(name)
    if len(value) < LEAST_CHARACTERS:
        return
    is_address = False
    for user, host, path, query in _ADDRESS.findall(value):
        is_address = True
        for secret in _secrets_in_address(user, path, query, named):
            yield from _as_written_and_meant(secret)
        if called := re.search(_WEBHOOK, host + path):
            yield from _secrets_in_webhook((host + path)[called.end() :])
        elif words[-1:] == ["WEBHOOK"]:
            yield from _secrets_in_webhook(path)
    if not named or value.lower() in STOCK_WORDS or "${" in value:
        return
    if is_address and not {"WEBHOOK", "DSN"} & set(words):
        return  # the address of a token service is no secret, what is in it has been found
    if _is_place(value) or (not _is_strong(words) and _is_plain_word(value)):
        return
    yield value
    for prefix in ("Bearer ", "Basic ", "token "):
        if value.lower().startswith(prefix.lower()) and len(value) - len(prefix) >= LEAST_CHARACTERS:
            yield value[len(prefix) :]


def _secrets_in_address(user: str, path: str, query: str, named: bool) -> Iterator[str]:
    account, has_password, password = user.partition(":")
    if has_password and password:
        if len(password) < LEAST_CHARACTERS or _is_plain_word(password):
            yield f":{password}@"  # a short one only where it is a password
        else:
            yield password
    elif re.fullmatch(_RANDOM, account) or (len(account) >= 2 * LEAST_CHARACTERS and not account.isalpha()):
        yield account
    for part in query.split("&"):
        key, _, given = part.partition("=")
        if names_a_secret(key) and len(given) >= LEAST_CHARACTERS and not _is_plain_word(given):
            yield given
    last = path.rpartition("/")[2]
    if named and len(last) >= 2 * LEAST_CHARACTERS and not _is_plain_word(last):
        yield last  # https://hooks.example.com/services/T000/B000/THIS


def _secrets_in_webhook(path: str) -> Iterator[str]:
    """Whoever knows such an address may post there; the number of a channel alone lets nobody."""
    for part in re.split("[/:]", path):
        part = part.strip("\"';,()")  # noqa: PLW2901 - as a shell's line has it
        if part.isdigit() or len(part) < LEAST_CHARACTERS:
            continue
        if len(part) >= 2 * LEAST_CHARACTERS or not part.isalpha():
            yield part


def _as_written_and_meant(secret: str) -> Iterator[str]:
    """Of a part of an address also what a program makes of it (RFC 3986, 2.1)."""
    yield secret
    decoded = re.sub(
        rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), secret.encode("utf-8", "replace")
    ).decode("utf-8", "replace")
    if decoded != secret:
        yield decoded if len(decoded) >= LEAST_CHARACTERS else f":{decoded}@"


def _pieces(secret: str) -> Iterator[str]:
    """``secret`` as what is looked for: a key of many lines is shown line by line, with indents, too."""
    lines = secret.splitlines()
    for line in map(str.strip, lines):
        if len(lines) > 1 and (line.startswith("-----") or len(line) < 2 * LEAST_CHARACTERS):
            continue
        for start in range(0, len(line), LONGEST_PIECE):
            piece = line[start : start + LONGEST_PIECE]
            if len(piece) >= min(LEAST_CHARACTERS, len(line)):
                yield piece


def _words(name: str) -> list[str]:
    """``GMAIL_API_KEY``, ``gmail-api-key`` and ``gmailApiKey`` as GMAIL, API, KEY."""
    return [part.upper() for part in _NAME_PARTS.findall(name)]


def _is_strong(words: list[str]) -> bool:
    if len(words) == 1 and words[0] in ("PWD", "OLDPWD"):
        return False  # the shell's current folder
    strong = any(word in STRONG or word.endswith(ENDINGS) for word in words)
    return strong or any(pair == ("API", "KEY") for pair in itertools.pairwise(words))


def _is_weak(words: list[str]) -> bool:
    return "PUBLIC" not in words and not WEAK.isdisjoint(words)


def _is_place(value: str) -> bool:
    if re.fullmatch(_FILE_NAME, value):
        return True
    # A key in base64 may begin with a slash; it has no such names.
    is_path = re.fullmatch(_PATH, value) is not None
    return is_path and not any(re.fullmatch(_RANDOM, part) for part in value.split("/"))


def _is_plain_word(value: str) -> bool:
    return value.isalpha() and (value.islower() or value.isupper() or value.istitle())


def _readings(written: str) -> Iterator[str]:
    quote = written[:1]
    if quote in ('"', "'") and len(written) > 1 and written.endswith(quote):
        yield written[1:-1]
        yield re.sub(_ESCAPE, lambda m: _CONTROLS.get(m[1], m[1]), written[1:-1], flags=re.DOTALL)
    else:
        yield written.strip()
        yield re.split(r"\s+#", written, maxsplit=1)[0].strip()
