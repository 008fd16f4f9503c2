"""Reads what a PDF of driftledger says about itself, with pikepdf (qpdf), and takes its attachments out.

    pdf_read.py REPORT.pdf FOLDER NAME...

Exit code 0: it declares PDF/A-3a and PDF/UA-1, has a title, a language, tags, alternative texts and outlines, states the attachments NAME...
with their relationship and digest, and nothing else; they are in FOLDER now. 1: not.
"""

import hashlib
import pathlib
import sys

import pikepdf


def tags(element, found):
    """Every structure element below `element`."""
    if isinstance(element, pikepdf.Dictionary):
        if "/S" in element:
            found.append(element)
        tags(element.get("/K"), found)
    elif isinstance(element, pikepdf.Array):
        for one in element:
            tags(one, found)


def main(path, folder, names):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with pikepdf.open(path) as pdf:
        assert not pdf.check_pdf_syntax(), pdf.check_pdf_syntax()
        said = pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False)
        assert said.pdfa_status == "3A", said.pdfa_status
        ua = said.get("{http://www.aiim.org/pdfua/ns/id/}part") or said.get("pdfuaid:part")
        assert ua == "1", ua
        assert said["dc:title"], "no title"
        assert str(pdf.Root.Lang) == "en", pdf.Root.Lang
        assert pdf.Root.MarkInfo.Marked and pdf.Root.ViewerPreferences.DisplayDocTitle
        with pdf.open_outline() as outline:
            assert len(outline.root) > 1, "no outline"
        found = []
        tags(pdf.Root.StructTreeRoot.K, found)
        kinds = [str(element.S) for element in found]
        for kind in ("/H1", "/H2", "/Table", "/TR", "/TH", "/TD", "/P"):
            assert kind in kinds, (kind, sorted(set(kinds)))
        figures = [element for element in found if str(element.S) == "/Figure"]
        assert all(str(figure.get("/Alt", "")).strip() for figure in figures), "a figure without words"
        relations = {str(spec.get("/UF", spec.F)): str(spec.AFRelationship) for spec in pdf.Root.AF}
        assert sorted(relations) == sorted(names), relations
        assert set(relations.values()) <= {"/Data", "/Source", "/Supplement"}, relations
        for name, attached in pdf.attachments.items():
            bytes_ = attached.get_file().read_bytes()
            assert attached.get_file().mime_type, name
            (folder / name).write_bytes(bytes_)
            print(f"{path}: {name}, {relations[name][1:]}, {len(bytes_)} bytes, SHA-256 {hashlib.sha256(bytes_).hexdigest()}")
        print(f"{path}: {len(pdf.pages)} pages, {len(found)} tags, {len(figures)} figures")


main(sys.argv[1], sys.argv[2], sys.argv[3:])
