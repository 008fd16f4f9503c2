#!/usr/bin/env python3
"""Revocation lists by OpenSSL about the certificates of one time stamp: a signer below an intermediate below a root.

    python3 tests/vectors/revocation.py > tests/vectors/revocation.json

Written once, with OpenSSL 3.0.19: keys and stamp are made anew each time. Each case says which lists are given and why the stamp is
refused with them (RFC 3161 §4); an empty reason means that it is not.
"""
import base64
import json
import os
import tempfile

from time_stamps import MESSAGE, key, openssl, pem, read, write

LONG_AGO, FAR = "20210101000000Z", "20450101000000Z"
LISTS = "[list]\nauthorityKeyIdentifier = keyid:always\n[part]\nauthorityKeyIdentifier = keyid:always\nissuingDistributionPoint = critical,@users\n[users]\nonlyuser = TRUE\n"
EXTENSIONS = {
    "intermediate": "basicConstraints = critical,CA:TRUE,pathlen:0\nkeyUsage = critical,keyCertSign,cRLSign\n",
    "no_lists": "basicConstraints = critical,CA:TRUE,pathlen:0\nkeyUsage = critical,keyCertSign\n",
    "stamping": "basicConstraints = CA:FALSE\nkeyUsage = critical,digitalSignature\nextendedKeyUsage = critical,timeStamping\n"}


def serial(name):
    return openssl("x509", "-in", f"{name}.pem", "-noout", "-serial").decode().strip().split("=")[1]


def revocation_list(issuer, revoked=None, issued=FAR, extensions="list"):
    """A list by `issuer` with one line `(certificate, date, reason)`, or none."""
    line = ""
    if revoked:
        name, date, reason = revoked
        line = f"R\t491231000000Z\t{date[2:]}{',' + reason if reason else ''}\t{serial(name)}\tunknown\t/CN={name}\n"
    write("index.txt", line)
    write("crlnumber", "01")
    openssl("ca", "-config", "ca.cnf", "-gencrl", "-crlexts", extensions, "-md", "sha256", "-cert", f"{issuer}.pem", "-keyfile", f"{issuer}.key",
            "-crl_lastupdate", issued, "-crl_nextupdate", "20460101000000Z", "-out", "list.pem")
    return read("list.pem").decode()


def make():
    key("root", "2048")
    openssl("req", "-x509", "-key", "root.key", "-out", "root.pem", "-days", "9000", "-subj", "/O=Test Authority/CN=root", "-addext",
            "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    write("index.txt", "")
    write("serial", "80")
    write("tsa.serial", "01")
    write("message", MESSAGE)
    write("ca.cnf", "[ca]\ndefault_ca = authority\n[authority]\ndir = .\ndatabase = index.txt\nserial = serial\nnew_certs_dir = .\n"
          "crlnumber = crlnumber\nunique_subject = no\npolicy = any\n[any]\norganizationName = optional\ncommonName = supplied\n" + LISTS
          + "".join(f"[{name}]\n{text}" for name, text in EXTENSIONS.items()))
    # `namesake` has the name of the intermediate and another key; `no_lists` has its key and may not sign lists.
    for name, issuer, extensions, named in [("intermediate", "root", "intermediate", "intermediate"), ("namesake", "root", "intermediate", "intermediate"),
                                            ("signer", "intermediate", "stamping", "stamps"), ("no_lists", "root", "no_lists", "no lists"),
                                            ("of_no_lists", "no_lists", "stamping", "stamps")]:
        key(name, "P-256")
        openssl("req", "-new", "-key", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/O=Test Authority/CN={named}")
        openssl("ca", "-config", "ca.cnf", "-batch", "-notext", "-in", f"{name}.csr", "-out", f"{name}.pem", "-cert", f"{issuer}.pem",
                "-keyfile", f"{issuer}.key", "-extensions", extensions, "-md", "sha256", "-startdate", "20200101000000Z", "-enddate", "20491231000000Z")
    stamps = {}
    for name, issuer in (("signer", "intermediate"), ("of_no_lists", "no_lists")):
        write("tsa.cnf", f"[tsa]\nserial = tsa.serial\nsigner_cert = {name}.pem\ncerts = {issuer}.pem\nsigner_key = {name}.key\nsigner_digest = sha256\n"
              "default_policy = 1.3.6.1.4.1.32473.1\ndigests = sha256\ness_cert_id_alg = sha256\n")
        openssl("ts", "-query", "-data", "message", "-sha256", "-cert", "-out", "query")
        openssl("ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "query", "-out", "response")
        stamps[name] = base64.b64encode(read("response")).decode()
    of_root, of_intermediate = revocation_list("root"), revocation_list("intermediate")
    signer = lambda date, reason: of_root + revocation_list("intermediate", ("signer", date, reason))
    missing = "no revocation list that was given is signed by the issuer"
    cases = [("none revoked", of_root + of_intermediate, ""), ("none revoked, in another order", of_intermediate + of_root, "")]
    for reason in ("unspecified", "affiliationChanged", "superseded", "cessationOfOperation"):
        cases.append((f"{reason}, later", signer(FAR, reason), ""))
        cases.append((f"{reason}, before", signer(LONG_AGO, reason), "was revoked at 2021-01-01"))
    for reason in ("keyCompromise", "CACompromise", "certificateHold", ""):
        cases.append((f"{reason or 'no reason'}, later", signer(FAR, reason), "was revoked at 2045-01-01"))
    cases += [
        ("the intermediate, later", revocation_list("root", ("intermediate", FAR, "CACompromise")) + of_intermediate, "was revoked at 2045-01-01"),
        ("the intermediate superseded, later", revocation_list("root", ("intermediate", FAR, "superseded")) + of_intermediate, ""),
        ("the signer's number by another issuer", revocation_list("root", ("signer", LONG_AGO, "keyCompromise")) + of_intermediate, ""),
        ("of the root alone", of_root, missing), ("of the intermediate alone", of_intermediate, missing),
        ("of a namesake", of_root + revocation_list("namesake", ("signer", FAR, "superseded")), missing),
        ("from before the stamp", of_root + revocation_list("intermediate", issued="20220101000000Z"), "before the time stamp"),
        ("an old one that revokes and a new one", of_root + of_intermediate
         + revocation_list("intermediate", ("signer", LONG_AGO, "superseded"), issued="20220101000000Z"), "was revoked at 2021-01-01")]
    listed = [{"name": name, "stamp": "signer", "lists": lists, "refused": refused} for name, lists, refused in cases]
    listed.append({"name": "by a certificate that may not sign lists", "stamp": "of_no_lists", "lists": of_root + revocation_list("no_lists"), "refused": missing})
    unusable = [{"name": "a part", "lists": revocation_list("intermediate", extensions="part")}, {"name": "nothing", "lists": ""},
                {"name": "cut off", "lists": of_root.replace("MII", "MIX", 1)}]
    return {"tool": openssl("version").decode().strip(), "message": MESSAGE, "root": pem("root"), "stamps": stamps, "cases": listed, "unusable": unusable}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        made = make()
    print(json.dumps(made, indent=1, ensure_ascii=False))
