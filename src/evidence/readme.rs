//! The words that travel with a pack.

use super::manifest::Scope;
use crate::ledger::checkpoint::Checkpoint;
use std::fmt::Display;

/// `README.txt`: what is in the pack and how to verify it on a machine that never saw the server.
pub fn readme(scope: &Scope, head: &Checkpoint, key: impl Display) -> String {
    format!(
        "driftledger evidence pack

About:   {scope}
Ledger:  {origin}, {size} entries
Key:     {key}

How to verify it, offline
-------------------------
With the program:            driftledger verify PACK.zip --key '{key}'
With Python 3 alone:         python3 verify_pack.py PACK.zip --key '{key}'
                             (needs the package `cryptography`; the script shares no code with the program)

Both end with exit code 0 when nothing is wrong, 1 when something is, 2 when the file is no evidence pack.
Take the key from the people who keep the ledger, by another way than this pack: the key that is packed shows only that
the pack agrees with itself.

What is inside
--------------
MANIFEST.json       every other file but SEAL with its length, SHA-256 and BLAKE3
SEAL                every other file with its SHA-256, signed by the key of the ledger (C2SP signed-note): whoever has not that key can
                    neither change, remove nor add a file unseen, whatever it is. Its lines are those of `sha256sum`
checkpoint          the signed head of the ledger: name, number of entries, root of the Merkle tree (C2SP tlog-checkpoint)
keys/N.checkpoint   where the ledger got another key: the first head after that, of N entries, signed by the old key and by the new one.
                    Whoever trusts the old key follows by it; `records/key_change/` says which key took the place of which, and why
witnessed/N.checkpoint
                    an earlier head, of N entries, with the cosignatures of witnesses (C2SP tlog-cosignature), if any were asked.
                    With a policy file that names them: driftledger verify PACK.zip --policy FILE
stamped/N.checkpoint, stamped/N.tsr
                    an earlier head, of N entries, and what a time-stamp authority stated about it (RFC 3161), if any was asked:
                    these N entries existed by that time. With the root certificate of the authority, from the authority:
                    driftledger verify PACK.zip --key KEY --timestamp-root root.pem, or without any of our programs
                    openssl ts -verify -data stamped/N.checkpoint -in stamped/N.tsr -CAfile root.pem
verifier_key        name and public key of the ledger (C2SP signed-note)
entries.jsonl       every entry of the ledger, one a line, in order; line N is entry N-1. Digests and pseudonymous ids only
bodies/N.json       the body of entry N: table, id and SHA-256 of every record row that the act wrote
proofs/N.tlog-proof the way from entry N to the root (C2SP tlog-proof); packs of a whole store need none
records/TABLE/ID.json
                    one record row as canonical JSON (RFC 8785); its SHA-256 stands in the body of its entry.
                    Credentials and tokens are never packed; their digests are in the bodies
reports/, decisions/, signatures/, references/, policies/, monitors/, registrations/,
model-records/, version-steps/, record-signatures/, acceptances/, disposals/, hold-lifts/
                    the documents inside these rows, byte for byte, and HTML files to read and to print
story.html          what happened, in the order of the ledger, to read and to print
tables/             the same rows as CSV and as JSON Lines, the entries, the features of all reports;
                    DICTIONARY.csv says what each column means
prediction.json, row_ids/
                    in packs of one prediction: its cells, their digests, and the digests of the ids in its batch

How one is held against the other
---------------------------------
leaf hash = SHA-256(0x00 || line), node = SHA-256(0x01 || left || right), root as in RFC 6962, signed in the checkpoint.
A line holds the SHA-256 of its body; the body holds the SHA-256 of each row; a row holds the document. A report holds the
counts it was computed from, so that every number in it can be computed again.
No pack holds the files that were received; it holds their digests. Files that are not kept any more either went by a disposal that two people
signed (disposals/), which names each of them with its digests, the records that name it, and the reason.
The HTML files prove nothing: they repeat a document for reading, and the seal shows that they are those the program wrote.
",
        scope = scope.words(),
        origin = head.origin,
        size = head.size,
    )
}
