//! UBL 2.1: by EN 16931, and as PEPPOL BIS Billing 3 wants it where both sides can be reached in its network. The order of elements is the
//! schema's.

use super::{Invoice, InvoiceLine, NoEInvoice, Trader, plain};
use crate::document::Document;
use crate::xml::Xml;

const PLAIN: &str = "urn:cen.eu:en16931:2017";
const PEPPOL: &str = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0";
const PROFILE: &str = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0";
/// A discount, of UNCL 5189.
const DISCOUNT: &str = "95";

/// A bill as UBL `Invoice`, a credit note as UBL `CreditNote`.
pub fn ubl(document: &Document) -> Result<Vec<u8>, NoEInvoice> {
    let invoice = Invoice::of(document)?;
    let root = if invoice.credit_note { "CreditNote" } else { "Invoice" };
    let space = format!("urn:oasis:names:specification:ubl:schema:xsd:{root}-2");
    let spaces = [
        ("xmlns", space.as_str()),
        ("xmlns:cac", "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"),
        ("xmlns:cbc", "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"),
    ];
    let mut xml = Xml::new();
    xml.with_attributes(root, &spaces, |xml| {
        head(xml, &invoice);
        xml.with("cac:AccountingSupplierParty", |xml| party(xml, &invoice, Side::Seller));
        xml.with("cac:AccountingCustomerParty", |xml| party(xml, &invoice, Side::Buyer));
        xml.with("cac:Delivery", |xml| xml.text("cbc:ActualDeliveryDate", &invoice.delivered().to_string()));
        payment(xml, &invoice);
        taxes(xml, &invoice);
        totals(xml, &invoice);
        for (place, line) in (1..).zip(&invoice.lines) {
            let name = if invoice.credit_note { "cac:CreditNoteLine" } else { "cac:InvoiceLine" };
            xml.with(name, |xml| self::line(xml, &invoice, place, line));
        }
    });
    Ok(xml.done())
}

fn head(xml: &mut Xml, invoice: &Invoice<'_>) {
    let document = invoice.document;
    xml.text("cbc:CustomizationID", if invoice.peppol { PEPPOL } else { PLAIN });
    xml.text("cbc:ProfileID", if invoice.peppol { PROFILE } else { "" });
    xml.text("cbc:ID", &document.number);
    xml.text("cbc:IssueDate", &document.issued.to_string());
    if invoice.credit_note {
        xml.text("cbc:CreditNoteTypeCode", "381");
    } else {
        xml.text("cbc:DueDate", &document.due.map(|due| due.to_string()).unwrap_or_default());
        xml.text("cbc:InvoiceTypeCode", "380");
    }
    // PEPPOL takes one note.
    xml.text("cbc:Note", &invoice.notes.join("\n"));
    xml.text("cbc:DocumentCurrencyCode", document.currency.code());
    xml.text("cbc:BuyerReference", reference(invoice));
    if let Some((from, to)) = invoice.period {
        xml.with("cac:InvoicePeriod", |xml| {
            xml.text("cbc:StartDate", &from.to_string());
            xml.text("cbc:EndDate", &to.to_string());
        });
    }
    if let Some(about) = &document.about {
        xml.with("cac:BillingReference", |xml| {
            xml.with("cac:InvoiceDocumentReference", |xml| {
                xml.text("cbc:ID", &about.number);
                xml.text("cbc:IssueDate", &about.issued.to_string());
            });
        });
    }
}

/// How the buyer is known here: PEPPOL wants it on every invoice.
pub(super) fn reference<'a>(invoice: &Invoice<'a>) -> &'a str {
    let buyer = invoice.buyer.party;
    if buyer.account.is_empty() { &buyer.name } else { &buyer.account }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Seller,
    Buyer,
}

impl Side {
    /// Who it is, and what else it is known as.
    pub(super) fn of<'a>(self, invoice: &'a Invoice<'a>) -> (&'a Trader<'a>, &'a str) {
        match self {
            Side::Seller => (&invoice.seller, invoice.document.brand.name.as_str()),
            Side::Buyer => (&invoice.buyer, ""),
        }
    }
}

fn party(xml: &mut Xml, invoice: &Invoice<'_>, side: Side) {
    let (trader, trading_as) = side.of(invoice);
    let (party, seller) = (trader.party, side == Side::Seller);
    xml.with("cac:Party", |xml| {
        let (scheme, number) = trader.endpoint(invoice.peppol);
        xml.text_with("cbc:EndpointID", &[("schemeID", scheme)], number);
        xml.with("cac:PartyName", |xml| xml.text("cbc:Name", trading_as));
        xml.with("cac:PostalAddress", |xml| {
            let mut lines = trader.address.lines.iter().map(String::as_str);
            xml.text("cbc:StreetName", lines.next().unwrap_or_default());
            xml.text("cbc:AdditionalStreetName", lines.next().unwrap_or_default());
            xml.text("cbc:CityName", &trader.address.city);
            xml.text("cbc:PostalZone", &trader.address.postcode);
            xml.text("cbc:CountrySubentity", &party.region);
            let rest: Vec<&str> = lines.collect();
            xml.with("cac:AddressLine", |xml| xml.text("cbc:Line", &rest.join(", ")));
            xml.with("cac:Country", |xml| xml.text("cbc:IdentificationCode", &trader.country));
        });
        let mut scheme = |number: &Option<String>, name| {
            if let Some(number) = number {
                xml.with("cac:PartyTaxScheme", |xml| {
                    xml.text("cbc:CompanyID", number);
                    xml.with("cac:TaxScheme", |xml| xml.text("cbc:ID", name));
                });
            }
        };
        scheme(&trader.vat_number, "VAT");
        // Only a seller has one: a buyer's that is no VAT number tells who it is.
        if seller {
            scheme(&trader.tax_number, "TAX");
        }
        xml.with("cac:PartyLegalEntity", |xml| {
            xml.text("cbc:RegistrationName", &party.name);
            xml.text("cbc:CompanyID", trader.legal_number.as_deref().unwrap_or_default());
        });
        if seller {
            xml.with("cac:Contact", |xml| {
                xml.text("cbc:ElectronicMail", trader.email);
            });
        }
    });
}

fn payment(xml: &mut Xml, invoice: &Invoice<'_>) {
    if let Some(bank) = invoice.bank {
        xml.with("cac:PaymentMeans", |xml| {
            xml.text("cbc:PaymentMeansCode", "30"); // a transfer
            xml.text("cbc:PaymentID", &bank.reference);
            xml.with("cac:PayeeFinancialAccount", |xml| {
                xml.text("cbc:ID", &compact(&bank.account));
                xml.text("cbc:Name", &bank.holder);
                xml.with("cac:FinancialInstitutionBranch", |xml| xml.text("cbc:ID", &bank.bic));
            });
        });
    }
    xml.with("cac:PaymentTerms", |xml| xml.text("cbc:Note", &invoice.terms));
}

pub(super) fn compact(account: &str) -> String {
    account.chars().filter(|char| !char.is_whitespace()).collect()
}

fn taxes(xml: &mut Xml, invoice: &Invoice<'_>) {
    let currency = [("currencyID", invoice.document.currency.code())];
    xml.with("cac:TaxTotal", |xml| {
        xml.text_with("cbc:TaxAmount", &currency, &plain(invoice.tax));
        for tax in &invoice.taxes {
            xml.with("cac:TaxSubtotal", |xml| {
                xml.text_with("cbc:TaxableAmount", &currency, &plain(tax.net));
                xml.text_with("cbc:TaxAmount", &currency, &plain(tax.tax));
                xml.with("cac:TaxCategory", |xml| {
                    xml.text("cbc:ID", tax.category.code());
                    xml.text("cbc:Percent", &tax.percent);
                    xml.text("cbc:TaxExemptionReasonCode", tax.category.reason_code());
                    xml.text("cbc:TaxExemptionReason", &tax.reason);
                    xml.with("cac:TaxScheme", |xml| xml.text("cbc:ID", "VAT"));
                });
            });
        }
    });
}

fn totals(xml: &mut Xml, invoice: &Invoice<'_>) {
    let currency = [("currencyID", invoice.document.currency.code())];
    xml.with("cac:LegalMonetaryTotal", |xml| {
        xml.text_with("cbc:LineExtensionAmount", &currency, &plain(invoice.net));
        xml.text_with("cbc:TaxExclusiveAmount", &currency, &plain(invoice.net));
        xml.text_with("cbc:TaxInclusiveAmount", &currency, &plain(invoice.gross));
        if !invoice.prepaid.is_zero() {
            xml.text_with("cbc:PrepaidAmount", &currency, &plain(invoice.prepaid));
        }
        xml.text_with("cbc:PayableAmount", &currency, &plain(invoice.payable));
    });
}

fn line(xml: &mut Xml, invoice: &Invoice<'_>, place: usize, line: &InvoiceLine) {
    let currency = [("currencyID", invoice.document.currency.code())];
    let quantity = if invoice.credit_note { "cbc:CreditedQuantity" } else { "cbc:InvoicedQuantity" };
    xml.text("cbc:ID", &place.to_string());
    xml.text_with(quantity, &[("unitCode", "C62")], &line.units.to_string());
    xml.text_with("cbc:LineExtensionAmount", &currency, &plain(line.net));
    if let Some((from, to)) = line.period {
        xml.with("cac:InvoicePeriod", |xml| {
            xml.text("cbc:StartDate", &from.to_string());
            xml.text("cbc:EndDate", &to.to_string());
        });
    }
    if !line.discount.is_zero() {
        xml.with("cac:AllowanceCharge", |xml| {
            xml.text("cbc:ChargeIndicator", "false");
            xml.text("cbc:AllowanceChargeReasonCode", DISCOUNT);
            xml.text("cbc:AllowanceChargeReason", "Discount");
            xml.text_with("cbc:Amount", &currency, &plain(line.discount));
        });
    }
    xml.with("cac:Item", |xml| {
        xml.text("cbc:Name", &line.name);
        xml.with("cac:ClassifiedTaxCategory", |xml| {
            xml.text("cbc:ID", line.category.code());
            xml.text("cbc:Percent", &line.percent);
            xml.with("cac:TaxScheme", |xml| xml.text("cbc:ID", "VAT"));
        });
        if !line.quantity_text.is_empty() {
            xml.with("cac:AdditionalItemProperty", |xml| {
                xml.text("cbc:Name", "Quantity");
                xml.text("cbc:Value", &line.quantity_text);
            });
        }
    });
    xml.with("cac:Price", |xml| xml.text_with("cbc:PriceAmount", &currency, &plain(line.price)));
}
