"""Takes the e-invoice out of a PDF as receivers do, and says what the PDF's metadata says of it.

python inside.py PDF XML
"""

import sys

from facturx import get_xml_from_pdf
from lxml import etree
from pypdf import PdfReader

FX = "{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}"
PDFA = "{http://www.aiim.org/pdfa/ns/id/}"

pdf, xml = sys.argv[1:]
with open(pdf, "rb") as file:
    name, content = get_xml_from_pdf(file, check_xsd=True)
with open(xml, "wb") as file:
    file.write(content)

reader = PdfReader(pdf, strict=True)
catalog = reader.trailer["/Root"]
for page in reader.pages:
    page.get_contents().get_data()
packet = etree.fromstring(catalog["/Metadata"].get_data())


def word(name):
    for element in packet.iter():
        if element.tag == name:
            return element.text
        if name in element.attrib:
            return element.attrib[name]


schemas = " ".join(packet.itertext())
assert "Factur-X PDFA Extension Schema" in schemas, "the words are not explained"
[specification] = catalog["/AF"]
relation = specification.get_object()["/AFRelationship"]
print(
    name,
    word(FX + "ConformanceLevel"),
    word(FX + "DocumentType"),
    word(FX + "Version"),
    word(PDFA + "part") + word(PDFA + "conformance"),
    relation,
)
