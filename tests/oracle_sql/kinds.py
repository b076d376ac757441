"""Cuts psql scripts into statements as psql does, and says what libpg_query sees in each; one JSON object a line.

It shares nothing with the program under test: the cutting is its own, the parser is PostgreSQL's.
"""

import json
import sys
from pathlib import Path

from pglast import parse_plpgsql
from pglast.parser import ParseError, parse_sql_json

# What ends a statement although it is a command of psql.
SENDS = {"g", "gx", "gset", "gexec", "gdesc", "crosstabview", "watch", "bind", "parse", "bind_named", "sendpipeline"}
EFFECTFUL = {
    "lo_unlink", "lo_truncate", "lo_truncate64", "lo_put", "lowrite", "lo_export", "pg_drop_replication_slot",
    "pg_promote", "pg_replication_origin_drop", "pg_file_unlink", "pg_file_write", "pg_file_rename",
}
RUNNERS = {"dblink", "dblink_exec", "dblink_send_query", "query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema"}
DROPS = {
    "OBJECT_TABLE": "table", "OBJECT_FOREIGN_TABLE": "table", "OBJECT_INDEX": "index", "OBJECT_VIEW": "view",
    "OBJECT_MATVIEW": "matview", "OBJECT_SEQUENCE": "sequence", "OBJECT_SCHEMA": "schema",
}
TABLE_ACTIONS = {
    "AT_DropColumn": "alter-drop", "AT_DropConstraint": "alter-drop", "AT_AlterColumnType": "alter-rewrite",
    "AT_DetachPartition": "detach", "AT_DetachPartitionFinalize": "detach",
}
# Dynamic SQL that begins so shows by itself that it loses nothing.
SHOWN = [["create"], ["grant"], ["select"], ["explain"], ["insert"], ["set"], ["alter"], ["analyze"]]


class Cutter:
    """Reads a script as psql's own lexer does."""

    def __init__(self, text):
        self.text, self.at, self.out = text, 0, []
        self.standard = True
        self.fresh(0)

    def fresh(self, start):
        self.start, self.buffer, self.parens, self.begins, self.words = start, [], 0, 0, []

    def take(self, end, blank=False):
        piece = self.text[self.at:end]
        self.buffer.append("".join(c if c == "\n" else " " for c in piece) if blank else piece)
        self.at = end

    def send(self):
        body = "".join(self.buffer)
        if body.strip():
            lead = behind_comments(body)
            self.out.append((self.start + lead, self.start + len(body.rstrip()), body[lead:].rstrip()))
            lower = " ".join(self.words)
            if lower.startswith("set standard_conforming_strings"):
                self.standard = not lower.endswith((" off", " false"))
            if lower.startswith("reset standard_conforming_strings"):
                self.standard = True
            data = self.words[:1] == ["copy"] and "from stdin" in lower
        else:
            data = False
        self.fresh(self.at)
        return data

    def quoted(self, quote, escapes):
        index = self.at + 1
        while index < len(self.text):
            if self.text[index] == "\\" and escapes:
                index += 2
            elif self.text[index] == quote:
                if self.text[index + 1:index + 2] == quote:
                    index += 2
                else:
                    return index + 1
            else:
                index += 1
        return len(self.text)

    def comment(self):
        depth, index = 1, self.at + 2
        while index < len(self.text) and depth:
            two = self.text[index:index + 2]
            depth += (two == "/*") - (two == "*/")
            index += 2 if two in ("/*", "*/") else 1
        return index

    def line_end(self, at):
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found

    def word(self):
        index = self.at
        while index < len(self.text) and (self.text[index].isalnum() or self.text[index] in "_$"):
            index += 1
        word = self.text[self.at:index].lower()
        self.words.append(word)
        routine = self.words[0] == "create" and ({"function", "procedure"} & set(self.words[1:4]))
        if routine and self.parens == 0:
            if word == "begin":
                self.begins += 1
            elif word == "case" and self.begins:
                self.begins += 1
            elif word == "end" and self.begins:
                self.begins -= 1
        self.take(index)

    def skip_data(self):
        at = self.line_end(self.at) + 1
        while at < len(self.text):
            end = self.line_end(at)
            if self.text[at:end].rstrip() == "\\.":
                self.at = end
                self.fresh(end)
                return
            at = end + 1
        self.at = len(self.text)
        self.fresh(self.at)

    def command(self):
        if self.text[self.at + 1:self.at + 2] == ";":
            self.buffer.append("; ")
            self.at += 2
            return
        if self.text[self.at + 1:self.at + 2] == "\\":
            self.take(self.at + 2, blank=True)
            return
        index = self.at + 1
        while index < len(self.text) and (self.text[index].isalpha() or self.text[index] == "_"):
            index += 1
        name = self.text[self.at + 1:index]
        end = self.line_end(index)
        cut = index
        if name not in ("!", "copy"):
            inside = None
            while cut < end:
                char = self.text[cut]
                if inside:
                    cut += char == "\\" and inside == "'"
                    inside = None if char == inside else inside
                elif char in "'\"`":
                    inside = char
                elif char == "\\":
                    end = cut
                    break
                cut += 1
        if name in SENDS:
            at = self.at
            self.send()
            self.at = at
            self.start = at
        if name == "r" or name == "reset":
            self.fresh(self.at)
        self.take(max(end, self.at + 1), blank=True)

    def step(self):
        char, two = self.text[self.at], self.text[self.at:self.at + 2]
        before = self.text[self.at - 1:self.at] if self.at else ""
        if char == "'":
            self.take(self.quoted("'", before in ("e", "E") or not self.standard))
        elif char == '"':
            self.take(self.quoted('"', False))
        elif two == "--":
            self.take(self.line_end(self.at))
        elif two == "/*":
            self.take(self.comment())
        elif char == "$":
            self.dollar(before)
        elif char == "\\":
            self.command()
        elif char == ";" and not self.parens and not self.begins:
            self.take(self.at + 1)
            if self.send():
                self.skip_data()
        elif char.isalpha() or char == "_":
            self.word()
        else:
            self.parens = max(0, self.parens + (char in "([") - (char in ")]")) if char in "()" else self.parens
            self.take(self.at + 1)

    def dollar(self, before):
        index = self.at + 1
        while index < len(self.text) and (self.text[index].isalnum() or self.text[index] == "_"):
            index += 1
        tag = self.text[self.at:index + 1]
        first = self.text[self.at + 1:self.at + 2]
        if self.text[index:index + 1] != "$" or first.isdigit():
            self.take(self.at + 1)
            return
        close = self.text.find(tag, index + 1)
        self.take(len(self.text) if close < 0 else close + len(tag))

    def cut(self):
        while self.at < len(self.text):
            self.step()
        self.send()
        return self.out


def behind_comments(text):
    """Where the first word of a statement stands."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text.startswith("--", at):
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif text.startswith("/*", at):
            end = text.find("*/", at)
            at = len(text) if end < 0 else end + 2
        else:
            break
    return at


def strings(nodes):
    """The parts of a dotted name in any of its forms."""
    if isinstance(nodes, dict):
        for key in ("List", "TypeName", "ObjectWithArgs"):
            if key in nodes:
                inner = nodes[key]
                return strings(inner.get("items") or inner.get("names") or inner.get("objname") or [])
        return [nodes["String"]["sval"]] if "String" in nodes else []
    return [part for node in nodes for part in strings(node)]


def relation(node):
    return ".".join(node[key] for key in ("catalogname", "schemaname", "relname") if key in node)


class Seen:
    """Collects what a tree would do to data."""

    def __init__(self, depth=0):
        self.found, self.depth = [], depth
        self.calls, self.defines = set(), set()

    def add(self, verb, name=None, where=None):
        self.found.append({"verb": verb, "object": name, "where": where})

    def tree(self, node):
        if isinstance(node, list):
            for one in node:
                self.tree(one)
        elif isinstance(node, dict):
            for key, value in node.items():
                handler = getattr(self, "on_" + key, None)
                if not (handler and handler(value)):
                    self.tree(value)

    def sql(self, text):
        if self.depth > 6:
            return
        try:
            tree = json.loads(parse_sql_json(text))
        except ParseError:
            return
        inner = Seen(self.depth + 1)
        inner.tree(tree)
        self.found += inner.found

    # Deferred or not run: nothing inside counts.
    def on_CreateFunctionStmt(self, node):
        self.defines.add(strings(node["funcname"])[-1])
        return True

    def on_RuleStmt(self, _node):
        return True

    on_ViewStmt = on_RuleStmt

    def on_ExplainStmt(self, node):
        options = {one["DefElem"]["defname"]: one["DefElem"].get("arg") for one in node.get("options", [])}
        if "analyze" not in options:
            return True
        value = options["analyze"]
        off = value and (value.get("String", {}).get("sval", "on").lower() in ("off", "false") or value.get("Integer") == {})
        return bool(off)

    def on_DropStmt(self, node):
        kind = DROPS.get(node["removeType"], "other")
        for one in node["objects"]:
            self.add("drop-" + kind, ".".join(strings(one)) if kind != "other" else None)
        return True

    def on_TruncateStmt(self, node):
        for one in node["relations"]:
            self.add("truncate", relation(one["RangeVar"]))
        return True

    def on_DeleteStmt(self, node):
        self.add("delete", relation(node["relation"]), "whereClause" in node)

    def on_UpdateStmt(self, node):
        self.add("update", relation(node["relation"]), "whereClause" in node)

    def on_MergeStmt(self, node):
        actions = {one["MergeWhenClause"]["commandType"] for one in node["mergeWhenClauses"]}
        if actions & {"CMD_UPDATE", "CMD_DELETE"}:
            self.add("merge", relation(node["relation"]))

    def on_AlterTableStmt(self, node):
        for one in node["cmds"]:
            verb = TABLE_ACTIONS.get(one["AlterTableCmd"]["subtype"])
            if verb:
                self.add(verb, relation(node["relation"]))

    def on_AlterDomainStmt(self, node):
        if node["subtype"] in ("X", "AD_DropConstraint"):
            self.add("alter-drop")

    def on_AlterExtensionContentsStmt(self, node):
        if node["action"] == -1:
            self.add("alter-drop")

    def on_AlterPublicationStmt(self, node):
        if node.get("action") == "AP_DropObjects":
            self.add("alter-drop")

    def on_AlterSystemStmt(self, _node):
        self.add("server")

    def on_DropdbStmt(self, node):
        self.add("drop-database", node["dbname"])

    def on_DropRoleStmt(self, _node):
        self.add("drop-other")

    on_DropTableSpaceStmt = on_DropUserMappingStmt = on_DropSubscriptionStmt = on_DropRoleStmt

    def on_DropOwnedStmt(self, _node):
        self.add("drop-owned")

    def on_ReassignOwnedStmt(self, _node):
        self.add("revoke")

    def on_GrantStmt(self, node):
        if not node.get("is_grant"):
            self.add("revoke")

    on_GrantRoleStmt = on_GrantStmt

    def on_AlterDefaultPrivilegesStmt(self, node):
        self.on_GrantStmt(node["action"])
        return True

    def on_CopyStmt(self, node):
        if node.get("is_program"):
            self.add("program")

    def on_VacuumStmt(self, node):
        for one in node.get("options", []):
            option = one["DefElem"]
            value = option.get("arg", {}).get("String", {}).get("sval", "on").lower()
            if option["defname"] == "full" and value not in ("off", "false"):
                self.add("rewrite")

    def on_ClusterStmt(self, node):
        if "relation" in node:
            self.add("rewrite")

    def on_FuncCall(self, node):
        name = strings(node["funcname"])[-1]
        self.calls.add(name)
        if name in EFFECTFUL:
            self.add("function")
        if name in RUNNERS:
            for one in node.get("args", []):
                self.sql(one.get("A_Const", {}).get("sval", {}).get("sval", ""))

    def on_DoStmt(self, node):
        options = {one["DefElem"]["defname"]: one["DefElem"]["arg"]["String"]["sval"] for one in node["args"]}
        if options.get("language", "plpgsql") != "plpgsql":
            self.add("do-other")
            return True
        body = options["as"].replace("$oracle$", "")
        try:
            tree = parse_plpgsql(f"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $oracle${body}$oracle$")
        except ParseError:
            self.add("do-other")
            return True
        self.block(tree)
        return True

    def block(self, node):
        if isinstance(node, list):
            for one in node:
                self.block(one)
        elif isinstance(node, dict):
            for key, value in node.items():
                if key in ("PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors"):
                    self.dynamic(value)
                    self.block(value.get("body", []))
                elif key == "PLpgSQL_expr":
                    text = value["query"]
                    self.sql(text)
                    self.sql("SELECT " + text)
                else:
                    self.block(value)

    def dynamic(self, node):
        text = node["query"]["PLpgSQL_expr"]["query"]
        try:
            tree = json.loads(parse_sql_json("SELECT " + text))
            value = tree["stmts"][0]["stmt"]["SelectStmt"]["targetList"][0]["ResTarget"]["val"]
        except (ParseError, KeyError):
            value = {}
        constant = value.get("A_Const", {}).get("sval", {}).get("sval")
        if constant is not None:
            self.sql(constant)
        elif opening(value).lower().split()[:1] not in SHOWN:
            self.add("dynamic")


def opening(node):
    """The text with which a concatenation or a format() begins."""
    if "A_Const" in node:
        return node["A_Const"].get("sval", {}).get("sval", "")
    if "A_Expr" in node and strings(node["A_Expr"]["name"]) == ["||"]:
        return opening(node["A_Expr"]["lexpr"])
    if "FuncCall" in node and strings(node["FuncCall"]["funcname"])[-1] == "format":
        return opening(node["FuncCall"]["args"][0])
    return ""


def undone(found, transaction, state):
    """Marks what a transaction, or a part of it behind a savepoint, that is rolled back would have done."""
    kind, chain, name = transaction
    points = state["points"]
    if kind in ("TRANS_STMT_BEGIN", "TRANS_STMT_START"):
        state["open"] = len(found)
        points.clear()
    elif kind == "TRANS_STMT_SAVEPOINT" and state["open"] is not None:
        points.append((name, len(found)))
    elif kind in ("TRANS_STMT_RELEASE", "TRANS_STMT_ROLLBACK_TO"):
        known = [at for at, (point, _) in enumerate(points) if point == name]
        if known:
            if kind == "TRANS_STMT_ROLLBACK_TO":
                for one in found[points[known[-1]][1]:]:
                    one["undone"] = True
            del points[known[-1] + (kind == "TRANS_STMT_ROLLBACK_TO"):]
    elif kind in ("TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK", "TRANS_STMT_PREPARE"):
        if kind == "TRANS_STMT_ROLLBACK" and state["open"] is not None:
            for one in found[state["open"]:]:
                one["undone"] = True
        state["open"] = len(found) if chain else None
        points.clear()


def judged(text):
    try:
        tree = json.loads(parse_sql_json(text))
    except (ParseError, RecursionError):
        return None
    seen = Seen()
    seen.tree(tree)
    statements = [one["stmt"] for one in tree.get("stmts", [])]
    control = [one["TransactionStmt"] for one in statements if "TransactionStmt" in one]
    last = control[-1] if control else {}
    transaction = (last.get("kind"), last.get("chain", False), last.get("savepoint_name"))
    names = (seen.calls, seen.defines)
    kinds = sorted({key for one in statements for key in one})
    return kinds, seen.found, transaction, names, triggers(statements)


# Bits of a trigger's events in PostgreSQL's tree.
EVENTS = {4: "InsertStmt", 8: "DeleteStmt", 16: "UpdateStmt"}


def triggers(statements):
    """The events that statements are for the triggers of a table, and those for which they define a trigger."""
    events, watches = set(), set()
    for one in statements:
        for kind, node in one.items():
            table = node.get("relation", {}).get("relname")
            if kind == "CreateTrigStmt":
                watches |= {(name, table) for bit, name in EVENTS.items() if node.get("events", 0) & bit}
            elif kind == "CopyStmt" and node.get("is_from"):
                events.add(("InsertStmt", table))
            elif kind in EVENTS.values():
                events.add((kind, table))
                if "onConflictClause" in node:
                    events.add(("UpdateStmt", table))
    return events, watches


def script(path, name):
    raw = path.read_bytes()
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return
    places, total = [0], 0
    for char in text:
        total += len(char.encode())
        places.append(total)
    found, state, routines, watched = [], {"open": None, "points": []}, set(), set()
    for start, end, body in Cutter(text).cut():
        # Variables of psql: what stands in their place is a name, a string or a number.
        seen = judged(body)
        filled = body
        if seen is None and ":" in body:
            filled = fill(body)
            seen = judged(filled)
        statement = {"file": name, "start": places[start], "end": places[end], "text": filled, "undone": False}
        seen = seen if seen else (None, [], (None, False, None), (set(), set()), (set(), set()))
        statement["kinds"], statement["found"], transaction, (calls, defines), (events, watches) = seen
        statement["calls"] = bool(calls & routines)
        statement["fires"] = bool(events & watched)
        routines |= defines
        watched |= watches
        found.append(statement)
        undone(found, transaction, state)
    for statement in found:
        print(json.dumps(statement))


def fill(body):
    out, index = [], 0
    while index < len(body):
        after = body[index + 1:index + 2]
        before = body[index - 1:index] if index else ""
        if body[index] == ":" and (after in ("'", '"') or after.isalpha()) and before != ":":
            out.append(" ")
        else:
            out.append(body[index])
        index += 1
    return "".join(out)


def main():
    root = Path(sys.argv[1])
    for path in sorted(root.rglob("*.sql")):
        script(path, str(path.relative_to(root)))


if __name__ == "__main__":
    main()
