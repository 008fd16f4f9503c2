#!/usr/bin/env python3
"""tdh1, the table digest: a second implementation, written from docs/TDH1.md alone.

Standard library only, BLAKE3 included, so that anyone can check a digest with nothing but Python 3.9 or newer:

    python3 tdh1.py --vectors tests/vectors/tdh1.json       exit 0 when every vector agrees, 1 otherwise
    python3 tdh1.py TABLE.csv --schema SCHEMA.json          prints the digests of a table as JSON
    python3 tdh1.py --sample PROOF --checkpoint NOTE        verifies a sampling proof, exit 0 when nothing is wrong, 1 otherwise

SCHEMA.json is a list of {"name": .., "type": ..} as in the vectors. In the CSV file an empty field without quotes is null, a
quoted empty field is the empty string; dates and times are ISO 8601. NOTE is the checkpoint that was asked for; that the ledger signed
it is for verify_pack.py to say. It hashes about 1 MB/s: made to check, not to serve.
"""

import argparse
import base64
import datetime
import json
import math
import struct
import sys

# ---------------------------------------------------------------- BLAKE3 (https://github.com/BLAKE3-team/BLAKE3-specs)

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT, KEY_CONTEXT, KEY_MATERIAL = 1, 2, 4, 8, 32, 64
MASK = 0xFFFFFFFF
# Columns, then diagonals: the four words each quarter round mixes.
QUARTERS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
            (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def compress(value, block, counter, length, flags):
    """The 16 output words of one block of 16 words on top of the chaining value."""
    v = list(value) + list(IV[:4]) + [counter & MASK, counter >> 32 & MASK, length, flags]
    for _round in range(7):
        place = 0
        for a, b, c, d in QUARTERS:
            va, vb, vc, vd = v[a], v[b], v[c], v[d]
            va = va + vb + block[place] & MASK
            vd ^= va
            vd = (vd >> 16 | vd << 16) & MASK
            vc = vc + vd & MASK
            vb ^= vc
            vb = (vb >> 12 | vb << 20) & MASK
            va = va + vb + block[place + 1] & MASK
            vd ^= va
            vd = (vd >> 8 | vd << 24) & MASK
            vc = vc + vd & MASK
            vb ^= vc
            vb = (vb >> 7 | vb << 25) & MASK
            v[a], v[b], v[c], v[d] = va, vb, vc, vd
            place += 2
        block = [block[i] for i in PERMUTATION]
    return [v[i] ^ v[i + 8] for i in range(8)] + [v[i + 8] ^ value[i] for i in range(8)]


def words(block):
    return struct.unpack("<16I", block.ljust(64, b"\0"))


def chunk_node(data, counter, key, flags):
    """The last compression of one chunk of up to 1024 bytes, as arguments that are not yet compressed."""
    value = key
    starts = range(0, max(len(data), 1), 64)
    for start in starts:
        block = data[start:start + 64]
        extra = (CHUNK_START if start == 0 else 0) | (CHUNK_END if start == starts[-1] else 0)
        node = (value, words(block), counter, len(block), flags | extra)
        if start != starts[-1]:
            value = compress(*node)[:8]
    return node


def tree_node(data, counter, key, flags):
    """The root of the subtree over `data`, whose left part is the largest power of two of chunks that leaves a rest."""
    if len(data) <= 1024:
        return chunk_node(data, counter, key, flags)
    left = 1024
    while left * 2 < len(data):
        left *= 2
    children = [tree_node(data[:left], counter, key, flags), tree_node(data[left:], counter + left // 1024, key, flags)]
    block = [word for child in children for word in compress(*child)[:8]]
    return (key, block, 0, 64, flags | PARENT)


def blake3(data, key=IV, flags=0, length=32):
    value, block, _counter, size, node_flags = tree_node(bytes(data), 0, key, flags)
    output = b""
    counter = 0
    while len(output) < length:
        output += struct.pack("<16I", *compress(value, block, counter, size, node_flags | ROOT))
        counter += 1
    return output[:length]


def derive(context, data, length=32):
    """BLAKE3 in derive_key mode."""
    key = struct.unpack("<8I", blake3(context.encode(), flags=KEY_CONTEXT))
    return blake3(data, key, KEY_MATERIAL, length)


# ---------------------------------------------------------------- types and cells

BLOCK_ROWS = 65536
CONTEXT = "driftledger 2026-11 tdh1 "
SIMPLE = {"null": 1, "bool": 2, "int": 3, "float": 4, "utf8": 6, "bytes": 7, "date": 8, "time": 9,
          "timestamp_local": 10, "timestamp_instant": 11, "duration": 12}
WHOLE = ("int", "date", "time", "timestamp_local", "timestamp_instant", "duration")


def uleb(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def name_bytes(name):
    return uleb(len(name.encode())) + name.encode()


def type_bytes(logical):
    if isinstance(logical, str):
        return bytes([SIMPLE[logical]])
    (kind, detail), = logical.items()
    if kind == "decimal":
        return bytes([0x05, detail["scale"]])
    if kind == "list":
        return b"\x10" + type_bytes(detail)
    if kind == "struct":
        fields = (name_bytes(field["name"]) + type_bytes(field["type"]) for field in detail)
        return b"\x11" + uleb(len(detail)) + b"".join(fields)
    if kind == "map":
        return b"\x12" + type_bytes(detail["key"]) + type_bytes(detail["value"])
    if kind == "vector":
        return b"\x13" + uleb(detail["width"]) + type_bytes(detail["item"])
    raise ValueError(f"unknown type {kind!r}")


def int_payload(number):
    if number == 0:
        return b"\0"
    size = 1
    while not -(1 << 8 * size - 1) <= number < 1 << 8 * size - 1:
        size += 1
    if size > 16:
        raise ValueError(f"{number} is wider than 128 bits")
    return bytes([size]) + number.to_bytes(size, "little", signed=True)


def unscaled(text, scale):
    """The whole number that decimal `text` is at `scale` digits after the point."""
    whole, _point, fraction = str(text).partition(".")
    kept, lost = fraction[:scale].ljust(scale, "0"), fraction[scale:]
    if lost.strip("0"):
        raise ValueError(f"decimal {text} has more than {scale} digits after the point")
    return int(whole + kept)


class Counts:
    """What is counted beside the digest of one column."""

    def __init__(self):
        self.nulls = self.nans = self.negative_zeros = 0


def float_of(value):
    """A number, "NaN", "Infinity", "-Infinity", or "bits:" and 16 hexadecimal digits of a binary64."""
    if isinstance(value, str) and value.startswith("bits:"):
        return struct.unpack(">d", bytes.fromhex(value[5:]))[0]
    return float(value)


def float_payload(number, counts):
    if math.isnan(number):
        counts.nans += 1
        return bytes.fromhex("000000000000f87f")
    if number == 0.0:
        counts.negative_zeros += math.copysign(1.0, number) < 0
        number = 0.0
    return struct.pack("<d", number)


def payload(logical, value, counts):
    if logical == "bool":
        return bytes([value])
    if logical == "float":
        return float_payload(float_of(value), counts)
    if logical in WHOLE:
        return int_payload(int(value))
    if logical in ("utf8", "bytes"):
        raw = value.encode() if logical == "utf8" else bytes.fromhex(value)
        return uleb(len(raw)) + raw
    (kind, detail), = logical.items()
    if kind == "decimal":
        return int_payload(unscaled(value, detail["scale"]))
    if kind == "list":
        return uleb(len(value)) + b"".join(cell(detail, item, counts) for item in value)
    if kind == "struct":
        if set(value) != {field["name"] for field in detail}:
            raise ValueError(f"struct has the fields {sorted(value)}")
        return b"".join(cell(field["type"], value[field["name"]], counts) for field in detail)
    if kind == "vector":
        if len(value) != detail["width"]:
            raise ValueError(f"vector has {len(value)} items, expected {detail['width']}")
        return b"".join(cell(detail["item"], item, counts) for item in value)
    entries = sorted((cell(detail["key"], k, counts), cell(detail["value"], v, counts)) for k, v in value)
    if len({key for key, _value in entries}) < len(entries):
        raise ValueError("map holds one key twice")
    return uleb(len(entries)) + b"".join(key + item for key, item in entries)


def cell(logical, value, counts):
    return b"\0" if value is None else b"\1" + payload(logical, value, counts)


# ---------------------------------------------------------------- blocks, columns, schema, table, rows


def u32(number):
    return struct.pack("<I", number)


def u64(number):
    return struct.pack("<Q", number)


def column_digest(logical, cells, counts):
    head = type_bytes(logical)
    blocks = []
    for start in range(0, len(cells), BLOCK_ROWS):
        block = cells[start:start + BLOCK_ROWS]
        blocks.append(derive(CONTEXT + "block", head + u64(len(block)) + b"".join(block)))
    digest = derive(CONTEXT + "column", head + u64(len(cells)) + u32(BLOCK_ROWS) + b"".join(blocks))
    return {"digest": digest.hex(), "blocks": [block.hex() for block in blocks], "nulls": counts.nulls,
            "nans": counts.nans, "negative_zeros": counts.negative_zeros}


def schema_digest(columns):
    named = b"".join(name_bytes(column["name"]) + type_bytes(column["type"]) for column in columns)
    return derive(CONTEXT + "schema", u32(len(columns)) + named)


def table_digest(columns, digests, rows):
    order = b"".join(bytes.fromhex(digest["digest"]) for digest in digests)
    return derive(CONTEXT + "table", schema_digest(columns) + u64(rows) + order).hex()


def row_digests(columns, cells):
    start = schema_digest(columns)
    return [derive(CONTEXT + "row", start + b"".join(row), 16).hex() for row in zip(*cells)]


def row_set_digest(columns, cells):
    start = schema_digest(columns)
    lanes = [0] * 1024
    rows = 0
    for row in zip(*cells):
        rows += 1
        output = struct.unpack("<1024H", derive(CONTEXT + "row", start + b"".join(row), 2048))
        lanes = [(lane + more) & 0xFFFF for lane, more in zip(lanes, output)]
    return derive(CONTEXT + "rowset", start + u64(rows) + struct.pack("<1024H", *lanes)).hex()


def digest_table(columns, row_set=False):
    """All digests of `columns`: a list of {"name", "type", "values"} of equal length."""
    cells, digests = [], []
    for column in columns:
        counts = Counts()
        values = column["values"]
        counts.nulls = sum(value is None for value in values)
        cells.append([cell(column["type"], value, counts) for value in values])
        digests.append(column_digest(column["type"], cells[-1], counts))
    if len({len(column) for column in cells}) > 1:
        raise ValueError("columns differ in length")
    rows = len(cells[0]) if cells else 0
    by_name = sorted(range(len(columns)), key=lambda place: columns[place]["name"].encode())
    result = {"rows": rows, "schema": schema_digest(columns).hex(), "table": table_digest(columns, digests, rows)}
    result["table_by_name"] = table_digest([columns[i] for i in by_name], [digests[i] for i in by_name], rows)
    result["columns"] = [{"name": c["name"], "logical_type": c["type"], **d} for c, d in zip(columns, digests)]
    if row_set:
        result["row_set"] = row_set_digest(columns, cells)
        result["row_digests"] = row_digests(columns, cells)
    return result


# ---------------------------------------------------------------- sampling proofs


def selected(table, rows, columns, checkpoint, count):
    """The (block, column) that a checkpoint's text selects, in order."""
    blocks = -(-rows // BLOCK_ROWS) * columns
    count = min(count, blocks)
    seed = name_bytes(checkpoint) + bytes.fromhex(table) + u64(count)
    places, drawn = set(), 0
    numbers = b""
    while len(places) < count:
        if 8 * drawn == len(numbers):
            numbers = derive(CONTEXT + "sample", seed, max(512, 2 * len(numbers)))
        number, = struct.unpack("<Q", numbers[8 * drawn:8 * drawn + 8])
        drawn += 1
        if number < (1 << 64) // blocks * blocks:
            places.add(divmod(number % blocks, columns))
    return sorted(places)


class Cells:
    """Cells read back, strictly: each has the one encoding that section 3 gives it."""

    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, size):
        if self.place + size > len(self.data):
            raise ValueError("cells end early")
        self.place += size
        return self.data[self.place - size:self.place]

    def uleb(self):
        start, number, shift = self.place, 0, 0
        while True:
            byte, = self.take(1)
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if uleb(number) != self.data[start:self.place]:
            raise ValueError("a length is not in its shortest form")
        return number

    def cell(self, logical):
        mark, = self.take(1)
        if mark == 0:
            return None
        if mark != 1 or logical == "null":
            raise ValueError("a cell is neither null nor a value")
        return self.value(logical)

    def value(self, logical):
        if logical == "bool":
            byte, = self.take(1)
            if byte > 1:
                raise ValueError("a bool is neither 0 nor 1")
            return bool(byte)
        if logical == "float":
            raw = self.take(8)
            number, = struct.unpack("<d", raw)
            if float_payload(number, Counts()) != raw:
                raise ValueError("a float is not in its one form")
            return number
        if logical in ("utf8", "bytes"):
            raw = self.take(self.uleb())
            return raw.decode() if logical == "utf8" else raw.hex()
        if logical in WHOLE:
            return self.whole()
        (kind, detail), = logical.items()
        if kind == "decimal":
            return self.whole()
        if kind == "struct":
            return {field["name"]: self.cell(field["type"]) for field in detail}
        if kind == "vector":
            return [self.cell(detail["item"]) for _item in range(detail["width"])]
        count = self.uleb()
        if kind == "list":
            return [self.cell(detail) for _item in range(count)]
        entries, keys = [], []
        for _entry in range(count):
            start = self.place
            key = self.cell(detail["key"])
            keys.append(self.data[start:self.place])
            entries.append([key, self.cell(detail["value"])])
        if sorted(set(keys)) != keys:
            raise ValueError("the entries of a map are not in order")
        return entries

    def whole(self):
        size, = self.take(1)
        raw = self.take(size)
        number = int.from_bytes(raw, "little", signed=True)
        if int_payload(number) != bytes([size]) + raw:
            raise ValueError("a whole number is not in its shortest form")
        return number


def read_cells(logical, rows, data):
    """The values of `rows` cells, and nothing behind them."""
    cells = Cells(data)
    values = [cells.cell(logical) for _row in range(rows)]
    if cells.place != len(data):
        raise ValueError("cells have bytes behind them")
    return values


def folds(table):
    """Whether the digests of a proof's table follow from those of its blocks."""
    columns = [{"name": c["name"], "type": c["logical_type"]} for c in table["columns"]]
    for column in table["columns"]:
        blocks = b"".join(bytes.fromhex(block) for block in column["blocks"])
        head = type_bytes(column["logical_type"]) + u64(table["rows"]) + u32(BLOCK_ROWS)
        if derive(CONTEXT + "column", head + blocks).hex() != column["digest"]:
            return False
        if len(column["blocks"]) != -(-table["rows"] // BLOCK_ROWS):
            return False
    found = schema_digest(columns).hex(), table_digest(columns, table["columns"], table["rows"])
    return found == (table["schema"], table["table"])


def note_text(note):
    """The signed text of a note."""
    return note[:note.rindex("\n\n") + 1]


def check_sample(lines, checkpoint=None):
    """(the first line, everything that is wrong with the proof in `lines`); `checkpoint` is the note that was asked for."""
    head = json.loads(next(lines))
    if head["format"] != "driftledger/sampling-proof/v1":
        raise ValueError(f"unknown format {head['format']!r}")
    table, text = head["table"], note_text(head["checkpoint"])
    wrong = []
    if checkpoint is not None and note_text(checkpoint) != text:
        wrong.append("it is about another checkpoint")
    if not folds(table):
        wrong.append("its digests do not fold")
    columns = {column["name"]: place for place, column in enumerate(table["columns"])}
    due = selected(table["table"], table["rows"], len(columns), text, head["blocks"])
    if len(due) != head["blocks"]:
        wrong.append(f"it states {head['blocks']} blocks, the table has {len(due)}")
    for line in lines:
        shown = json.loads(line)
        place = (shown["block"], columns.get(shown["column"]))
        name = f"block {shown['block']} of column {shown['column']!r}"
        if place not in due:
            wrong.append(f"{name} is not selected, or stands there twice")
            continue
        due.remove(place)
        column = table["columns"][place[1]]
        data = base64.b64decode(shown["cells"], validate=True)
        rows = min(BLOCK_ROWS, table["rows"] - place[0] * BLOCK_ROWS)
        if derive(CONTEXT + "block", type_bytes(column["logical_type"]) + u64(rows) + data).hex() != column["blocks"][place[0]]:
            wrong.append(f"the cells of {name} do not have its digest")
            continue
        try:
            read_cells(column["logical_type"], rows, data)
        except ValueError as error:
            wrong.append(f"the cells of {name}: {error}")
    wrong += [f"block {block} of column {table['columns'][column]['name']!r} is selected and missing" for block, column in due]
    return head, wrong


# ---------------------------------------------------------------- vectors


def expand(values):
    """The values of a vector's column: a list, or a rule that makes one."""
    if isinstance(values, list):
        return values
    if "repeat" in values:
        return [values["repeat"][row % len(values["repeat"])] for row in range(values["rows"])]
    return [values["from"] + row * values["step"] for row in range(values["rows"])]


def check(vectors):
    """The ids of the vectors that do not agree."""
    failing = []
    for vector in vectors["tables"]:
        columns = [{**column, "values": expand(column["values"])} for column in vector["columns"]]
        try:
            found = digest_table(columns, "row_set" in vector.get("expected", {}))
            agrees = found == vector.get("expected")
        except ValueError:
            agrees = vector.get("refused", False)
        if not agrees:
            failing.append(vector["id"])
    for vector in vectors["samples"]:
        places = selected(vector["table"], vector["rows"], vector["columns"], vector["checkpoint"], vector["count"])
        if [list(place) for place in places] != vector["selected"]:
            failing.append(vector["id"])
    return failing


# ---------------------------------------------------------------- CSV


def csv_records(text):
    """Records of (field, was it quoted), with `,` and `"` as in RFC 4180."""
    record, field, place, quoted = [], "", 0, False
    while place < len(text):
        if text[place] == '"' and not field and not quoted:
            quoted, end = True, text.index('"', place + 1)
            while text[end + 1:end + 2] == '"':
                field += text[place + 1:end + 1]
                place, end = end + 1, text.index('"', end + 2)
            field += text[place + 1:end]
            place = end + 1
        elif text[place] in ",\r\n":
            record.append((field, quoted))
            field, quoted = "", False
            if text[place] != ",":
                yield record
                record = []
            place += 2 if text.startswith("\r\n", place) else 1
        else:
            field += text[place]
            place += 1
    if record or field or quoted:
        yield record + [(field, quoted)]


def nanoseconds(text):
    """Nanoseconds since 1970-01-01 of an ISO 8601 time with up to nine digits of a second; `Z` and `+00:00` are read."""
    text = text.replace("T", " ").replace("+00:00", "").rstrip("Z")
    whole, _point, fraction = text.partition(".")
    passed = datetime.datetime.fromisoformat(whole) - datetime.datetime(1970, 1, 1)
    return (passed.days * 86400 + passed.seconds) * 10**9 + int(fraction.ljust(9, "0") or 0)


def read_field(field, quoted, logical):
    if logical != "utf8":
        field = field.strip(" \t")
    if field == "" and not (quoted and logical == "utf8"):
        return None
    if logical == "int":
        whole, _point, zeros = field.partition(".")
        return whole if zeros.strip("0") == "" else field
    if logical == "bool":
        return {"true": True, "false": False}[field.lower()]
    if logical == "date":
        return (datetime.date.fromisoformat(field) - datetime.date(1970, 1, 1)).days
    if logical in ("timestamp_local", "timestamp_instant"):
        return nanoseconds(field)
    return field


def read_csv(path, schema):
    with open(path, encoding="utf-8", newline="") as file:
        header, *records = csv_records(file.read())
    places = {name: place for place, (name, _quoted) in enumerate(header)}
    columns = []
    for column in schema:
        fields = (record[places[column["name"]]] for record in records)
        columns.append({**column, "values": [read_field(*field, column["type"]) for field in fields]})
    return columns


def say_sample(path, checkpoint):
    note = None
    if checkpoint:
        with open(checkpoint, encoding="utf-8", newline="") as file:
            note = file.read()
    with open(path, encoding="utf-8", newline="") as lines:
        head, wrong = check_sample(lines, note)
    blocks = sum(len(column["blocks"]) for column in head["table"]["columns"])
    print(f"{head['blocks']} of {blocks} blocks of the table {head['table']['table']}")
    if note is None:
        print("that the checkpoint is the one asked for was not checked; give --checkpoint")
    print("\n".join(wrong) if wrong else "nothing wrong")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description="Digests tables, or checks the vectors of the table digest tdh1.")
    parser.add_argument("table", nargs="?", help="a CSV file")
    parser.add_argument("--schema", help="its columns: a JSON list of name and type")
    parser.add_argument("--vectors", help="a file of vectors to check")
    parser.add_argument("--row-set", action="store_true", help="digest the rows in any order too")
    parser.add_argument("--sample", help="a sampling proof to verify")
    parser.add_argument("--checkpoint", help="the checkpoint that was asked for, as a signed note")
    given = parser.parse_args()
    if given.sample:
        return say_sample(given.sample, given.checkpoint)
    if given.vectors:
        with open(given.vectors, encoding="utf-8") as file:
            vectors = json.load(file)
        failing = check(vectors)
        print("\n".join(failing) if failing else f"{len(vectors['tables'])} tables and {len(vectors['samples'])} samples agree")
        return 1 if failing or not vectors["tables"] else 0
    if not (given.table and given.schema):
        parser.error("give --vectors FILE, or a CSV file with --schema FILE")
    with open(given.schema, encoding="utf-8") as file:
        schema = json.load(file)
    print(json.dumps(digest_table(read_csv(given.table, schema), given.row_set), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
