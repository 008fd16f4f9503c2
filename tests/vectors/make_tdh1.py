#!/usr/bin/env python3
"""Writes tdh1.json: the inputs stand here, the expected digests come from clients/python/tdh1.py.

    python3 tests/vectors/make_tdh1.py > tests/vectors/tdh1.json

The Rust implementation then has to agree (`cargo test --lib tdh1::vectors`), so each expected digest was computed twice, by two
programs that share no line.
"""

import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "clients" / "python"))
import tdh1  # noqa: E402

TWO_63, TWO_127 = 1 << 63, 1 << 127


def whole(number):
    """Numbers that JSON readers may round are written as text."""
    return number if number is None or abs(number) < 1 << 53 else str(number)


def column(name, logical, *values):
    return {"name": name, "type": logical, "values": list(values)}


def made(name, logical, **rule):
    return {"name": name, "type": logical, "values": rule}


def decimal(scale):
    return {"decimal": {"scale": scale}}


def vector(width, item):
    return {"vector": {"width": width, "item": item}}


def record(**fields):
    return {"struct": [{"name": name, "type": logical} for name, logical in fields.items()]}


EDGES = [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, -32769, TWO_63 - 1, -TWO_63, TWO_63, 2 * TWO_63 - 1]
WIDE = [TWO_127 - 1, -TWO_127, TWO_63 * 2, -TWO_63 - 1, 0, None]
DAYS = [0, -1, 1, -719162, 2932896, 20774, -25567, None]
INSTANTS = [0, -1, 1, 1_795_456_104_132_000_000, -2_208_988_800_000_000_000, 999, -1_000_000, None]
# (id, what it shows, columns, whether the rows are digested too)
TABLES = [
    ("worked-example", "the table of docs/TDH1.md, section 10", [column("n", "int", 300, None, -1), column("t", "utf8", "a", "", None)], True),
    ("no-rows", "a table without rows has a schema and no blocks", [column("n", "int"), column("t", "utf8")], True),
    ("one-null", "one null cell", [column("n", "int", None)], True),
    ("all-null-untyped", "the null type", [column("x", "null", None, None, None)], True),
    ("all-null-int", "nulls under a declared type differ from the null type", [column("x", "int", None, None, None)], True),
    ("bool", "both values and null", [column("b", "bool", True, False, None, True)], True),
    ("int-edges", "every length of payload up to 9 bytes", [column("n", "int", *map(whole, EDGES))], True),
    ("int-wide", "128-bit integers", [column("n", "int", *map(whole, WIDE))], True),
    ("float", "ordinary numbers, subnormals, infinities",
     [column("f", "float", 0.1, -2.5, 1e300, 5e-324, 2.2250738585072014e-308, "Infinity", "-Infinity", 0.30000000000000004)], True),
    ("float-nan", "every NaN is one value, and not null",
     [column("f", "float", "NaN", "bits:fff8000000000001", "bits:7ff0000000000001", None, 1.0)], True),
    ("float-zero", "negative zero is zero", [column("f", "float", -0.0, 0.0, 1.0)], True),
    ("float-zero-plain", "the same digests as float-zero, other counts", [column("f", "float", 0.0, 0.0, 1.0)], True),
    ("float-narrow", "numbers that binary32 holds, widened exactly",
     [column("f", "float", 0.10000000149011612, 16777216.0, 1.401298464324817e-45)], True),
    ("decimal", "rescaled to two digits", [column("d", decimal(2), "12.5", "-0.01", "0", "1.00", None, "700")], True),
    ("decimal-wide", "38 digits",
     [column("d", decimal(10), "9999999999999999999999999999.9999999999", "-9999999999999999999999999999.9999999999")], True),
    ("decimal-scale", "the scale is part of the type", [column("d", decimal(3), "12.5", "-0.01")], True),
    ("utf8", "null, empty, quotes, commas, line ends, other scripts, a zero byte",
     [column("t", "utf8", None, "", "a", 'say "no", twice', "two\nlines", "Zürich", "データ", "\U0001F9EA", "\0")], True),
    ("utf8-swapped", "null and empty in the other order", [column("t", "utf8", "", None)], True),
    ("utf8-unicode-forms", "no normalisation: both forms of é", [column("t", "utf8", "\u00e9", "e\u0301")], True),
    ("utf8-long", "lengths of two bytes", [column("t", "utf8", "x" * 127, "x" * 128, "x" * 300)], True),
    ("bytes", "hexadecimal in this file", [column("b", "bytes", "", "00", "ff00ff", None)], True),
    ("date", "days since 1970-01-01: 1970-01-01, 1969-12-31, 1970-01-02, 0001-01-01, 9999-12-31, 2026-11-17, 1900-01-01",
     [column("d", "date", *DAYS)], True),
    ("time", "nanoseconds since midnight", [column("t", "time", 0, 1, 45_296_000_000_000, 86_399_999_999_999, None)], True),
    ("timestamp-instant", "nanoseconds since 1970-01-01T00:00:00Z, before and after", [column("at", "timestamp_instant", *map(whole, INSTANTS))], True),
    ("timestamp-local", "the same numbers without a zone are another table", [column("at", "timestamp_local", *map(whole, INSTANTS))], True),
    ("timestamp-milliseconds", "milliseconds that 64 bits of nanoseconds cannot hold: years 0001 and 9999",
     [column("at", "timestamp_local", "-62135596800000000000", "253402300799999000000")], True),
    ("duration", "nanoseconds, negative too", [column("d", "duration", 0, -1, 1, 86_400_000_000_000, None)], True),
    ("list", "null, empty, a null inside", [column("l", {"list": "int"}, [1, 2], [], None, [None], [300, None, -1])], True),
    ("list-nested", "lists of lists of text", [column("l", {"list": {"list": "utf8"}}, [["a", ""], []], [None, ["b"]], [], None)], True),
    ("vector", "the width is in the type, not in the cells", [column("v", vector(2, "float"), [1.0, 2.0], None, ["NaN", -0.0])], True),
    ("struct", "a null struct differs from one of nulls",
     [column("s", record(a="int", b="utf8"), {"a": 1, "b": "x"}, {"a": None, "b": None}, None, {"a": -1, "b": ""})], True),
    ("struct-nested", "lists of structs",
     [column("s", {"list": record(k="utf8", v=vector(1, "int"))}, [{"k": "a", "v": [1]}, {"k": None, "v": None}], [], None)], True),
    ("map", "entries are ordered by the bytes of their keys",
     [column("m", {"map": {"key": "utf8", "value": "int"}}, [["b", 1], ["a", 2]], [["a", 2], ["b", 1]], [], None, [["aa", None], ["b", 3]])], True),
    ("columns", "three columns: T depends on their order, Tc does not",
     [column("site", "utf8", "Basel", "Cork"), column("dose", "float", 2.5, 5.0), column("arm", "int", 1, 2)], True),
    ("columns-by-name", "the table of `columns` sorted by name: its T is the Tc of both",
     [column("arm", "int", 1, 2), column("dose", "float", 2.5, 5.0), column("site", "utf8", "Basel", "Cork")], True),
    ("column-names", "sorted by UTF-8 bytes: Z before a before é", [column("é", "int", 1), column("a", "int", 2), column("Z", "int", 3)], True),
    ("rows-reversed", "the row set of `rows-forth`, another T", [column("n", "int", 3, 2, 2, 1), column("t", "utf8", "c", "b", "b", "a")], True),
    ("rows-forth", "repeated rows count", [column("n", "int", 1, 2, 2, 3), column("t", "utf8", "a", "b", "b", "c")], True),
    ("block-full", "65 536 rows are one block", [made("b", "bool", repeat=[True, False, None], rows=65536)], False),
    ("block-over", "65 537 rows are two blocks, the second of one row",
     [made("b", "bool", repeat=[True, False, None], rows=65537), made("n", "int", **{"from": -32768, "step": 1, "rows": 65537})], False),
    ("block-two-and-more", "131 077 rows of every third kind of cell", [made("t", "utf8", repeat=["", None, "yes"], rows=131077)], False),
]
REFUSED = [
    ("decimal-not-exact", "a third digit under a scale of two", [column("d", decimal(2), "0.005")]),
    ("map-key-twice", "one key twice", [column("m", {"map": {"key": "utf8", "value": "int"}}, [["a", 1], ["a", 2]])]),
    ("vector-width", "three items under a width of two", [column("v", vector(2, "int"), [1, 2, 3])]),
]
# (id, checkpoint text, digest of the table, its rows, its columns, how many blocks)
CHECKPOINT = "example.org/driftledger/1\n7\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"
SAMPLES = [
    ("one-of-six", CHECKPOINT, "ab" * 32, 140_000, 2, 1),
    ("three-of-six", CHECKPOINT, "ab" * 32, 140_000, 2, 3),
    ("all-of-six", CHECKPOINT, "ab" * 32, 140_000, 2, 6),
    ("more-than-there-are", CHECKPOINT, "ab" * 32, 140_000, 2, 60),
    ("another-table", CHECKPOINT, "ac" * 32, 140_000, 2, 3),
    ("another-checkpoint", CHECKPOINT.replace("\n7\n", "\n8\n"), "ab" * 32, 140_000, 2, 3),
    ("many", CHECKPOINT, "00" * 32, 10_000_000, 25, 299),
    ("no-rows", CHECKPOINT, "ab" * 32, 0, 2, 3),
]


def main():
    tables = []
    for name, about, columns, by_row in TABLES:
        filled = [{**c, "values": tdh1.expand(c["values"])} for c in columns]
        expected = tdh1.digest_table(filled, by_row)
        tables.append({"id": name, "about": about, "columns": columns, "expected": expected})
    for name, about, columns in REFUSED:
        tables.append({"id": name, "about": about, "columns": columns, "refused": True})
    head = {"specification": "docs/TDH1.md", "tool": "clients/python/tdh1.py, Python 3.11",
            "command": "python3 tests/vectors/make_tdh1.py > tests/vectors/tdh1.json"}
    lines = ",\n".join(json.dumps(table, ensure_ascii=True) for table in tables)
    names = ("id", "checkpoint", "table", "rows", "columns", "count")
    samples = []
    for sample in SAMPLES:
        checkpoint, table, rows, columns, count = sample[1:]
        places = tdh1.selected(table, rows, columns, checkpoint, count)
        samples.append({**dict(zip(names, sample)), "selected": places})
    samples = ",\n".join(json.dumps(sample) for sample in samples)
    print(json.dumps(head)[:-1] + ', "tables": [\n' + lines + '\n], "samples": [\n' + samples + "\n]}")


main()
