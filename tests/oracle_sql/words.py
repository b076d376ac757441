"""Cuts the test scripts of MariaDB and SQLite into statements and names the first words of each; one JSON object a line.

Only statements whose first words leave no doubt are kept: what they say is what a judge has to find, or to pass over.
"""

import json
import re
import sys
from pathlib import Path

# First words of statements that lose something, and of ones that lose nothing by themselves.
LOSES = [
    r"drop\s+(table|database|schema|view|index|user|role|procedure|function|trigger|event|sequence|server)\b",
    r"truncate\s+(table\s+)?[a-z_`\"]",
    r"delete\s+from\s+[a-z_`\"\[']",
    r"update\s+[a-z_`\"\[][\w.`\"\]]*\s+set\s",
    r"replace\s+into\s+[a-z_`\"\[]",
    r"insert\s+or\s+replace\s+into\s",
    r"alter\s+table\s+[\w.`\"]+\s+drop\s+(column|primary|foreign|partition|index|key|constraint)\b",
    r"(create\s+or\s+replace\s+(table|database|sequence))\b",
    # A command of SQLite's full-text index, which is named like its own table.
    r"insert\s+into\s+(\w+)\s*\(\s*\1\s*\)\s*values\s*\(\s*'delete-all'",
]
KEEPS = [
    r"select\b(?!.*\binto\s+(out|dump)file)",
    r"show\b", r"explain\s+(?!analyze)", r"desc(ribe)?\s", r"values\b", r"use\b", r"help\b", r"check\s+table", r"checksum\b",
    r"insert\s+into\b", r"insert\s+ignore\s+into\b", r"insert\s+or\s+(ignore|abort|fail|rollback)\s+into\b",
    r"create\s+(temporary\s+)?(table|view|index|database|user|role|sequence|procedure|function|trigger|event|virtual|unique)\b",
    r"grant\b", r"commit\b", r"savepoint\b", r"pragma\s+(?!writable_schema)", r"vacuum\b", r"reindex\b", r"attach\b",
]
LOSES = [re.compile(one, re.I | re.S) for one in LOSES]
KEEPS = [re.compile(one, re.I | re.S) for one in KEEPS]

# Commands of mysqltest at the start of a statement or line.
MYSQLTEST = re.compile(
    r"(--|let|eval|connect|connection|disconnect|source|if|while|inc|dec|echo|sleep|send|reap|error|exec|perl|die|skip|"
    r"replace_|disable_|enable_|horizontal|vertical|query_|remove_|write_file|append_file|copy_file|move_file|cat_file|"
    r"mkdir|rmdir|file_exists|chmod|change_user|require|start_timer|end_timer|character_set|real_sleep|shutdown_server|"
    r"diff_files|list_files|result_format|lowercase_result|sorted_result|assert|ping|dirty_close|save_master|sync_|output|"
    r"reset_connection|evalp|optimizer_trace)", re.I)


def mysqltest(text):
    """Statements of a .test file of mysqltest, with its delimiter."""
    delimiter, statement, inside = ";", [], None
    for line in text.splitlines(keepends=True):
        stripped = line.strip()
        if inside is None and not "".join(statement).strip():
            statement = []
            if not stripped or stripped.startswith("#") or stripped in "{}":
                continue
            changed = re.match(r"(?:--)?\s*delimiter\s+(\S+)", stripped, re.I)
            if changed:
                # The command is ended by the delimiter that was in force.
                wanted = changed.group(1)
                delimiter = wanted.removesuffix(delimiter) or wanted
                continue
            if stripped.startswith("--"):
                continue
        start, index = 0, 0
        while index < len(line):
            char = line[index]
            if inside:
                if char == "\\" and inside != "`":
                    index += 1
                elif char == inside:
                    inside = None
            elif char in "'\"`":
                inside = char
            elif char == "#" or line.startswith("-- ", index):
                break
            elif line.startswith(delimiter, index):
                yield "".join(statement) + line[start:index]
                statement = []
                index += len(delimiter)
                start = index
                continue
            index += 1
        statement.append(line[start:])
        if sum(map(len, statement)) > 20000:
            statement, inside = [], None


def braced(text, at):
    """The inside of a Tcl brace that opens at `at`."""
    depth = 0
    for index in range(at, min(len(text), at + 20000)):
        depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            return text[at + 1:index]
    return ""


def tcl(text):
    """SQL in the braces of SQLite's Tcl tests, cut where no trigger is in it."""
    for found in re.finditer(r"\b(?:execsql|do_execsql_test\s+\S+|catchsql|db\s+eval)\s+\{", text):
        body = braced(text, found.end() - 1)
        if "$" in body or "\\" in body or "[" in body or re.search(r"\bbegin\b|\btrigger\b|--|/\*", body, re.I):
            continue
        yield from cut(body)


def cut(body):
    start, inside = 0, None
    for index, char in enumerate(body):
        if inside:
            inside = None if char == inside else inside
        elif char in "'\"`":
            inside = char
        elif char == ";":
            yield body[start:index]
            start = index + 1
    yield body[start:]


def kind(statement):
    if "$" in statement or "/*" in statement or len(statement) > 20000:
        return None
    if any(one.match(statement) for one in LOSES):
        return "loses"
    # Where a test sets an odd delimiter, several statements stand in one.
    if ";" in statement and not re.match(r"create\b", statement, re.I):
        return None
    if re.search(r";\s*(drop|delete|update|truncate)\b", statement, re.I) and not re.search(r"\bbegin\b", statement, re.I):
        return None
    # A DELETE, a call or a program inside makes the first word say little.
    if re.search(r"\b(into\s+(out|dump)file|sys_exec|sys_eval|load_extension|execute|prepare)\b", statement, re.I):
        return None
    return "keeps" if any(one.match(statement) for one in KEEPS) else None


def main():
    root, dialect, seen = Path(sys.argv[1]), sys.argv[2], set()
    for path in sorted(root.rglob("*.test")):
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError:
            continue
        for statement in (mysqltest if dialect == "mysql" else tcl)(text):
            statement = statement.strip()
            if not statement or dialect == "mysql" and MYSQLTEST.match(statement) and not re.match(r"replace\s", statement, re.I):
                continue
            said = None if statement in seen else kind(statement)
            seen.add(statement)
            if said:
                print(json.dumps({"file": path.name, "text": statement, "loses": said == "loses"}))


if __name__ == "__main__":
    main()
