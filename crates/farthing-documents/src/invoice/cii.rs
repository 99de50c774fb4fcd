//! Cross Industry Invoice D16B in the profile of EN 16931: what Factur-X carries inside a PDF. The order of elements is the schema's.

use super::ubl::{Side, compact, reference};
use super::{Invoice, InvoiceLine, InvoiceTax, NoEInvoice, plain};
use crate::document::Document;
use crate::xml::Xml;
use farthing_core::time::CivilDate;

const GUIDELINE: &str = "urn:cen.eu:en16931:2017";
const SPACES: [(&str, &str); 4] = [
    ("xmlns:rsm", "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"),
    ("xmlns:ram", "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"),
    ("xmlns:qdt", "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"),
    ("xmlns:udt", "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"),
];
/// A date as YYYYMMDD, of UNTDID 2379.
const DAY: [(&str, &str); 1] = [("format", "102")];

pub fn cii(document: &Document) -> Result<Vec<u8>, NoEInvoice> {
    let invoice = Invoice::of(document)?;
    let mut xml = Xml::new();
    xml.with_attributes("rsm:CrossIndustryInvoice", &SPACES, |xml| {
        xml.with("rsm:ExchangedDocumentContext", |xml| {
            xml.with("ram:GuidelineSpecifiedDocumentContextParameter", |xml| xml.text("ram:ID", GUIDELINE));
        });
        xml.with("rsm:ExchangedDocument", |xml| {
            xml.text("ram:ID", &document.number);
            xml.text("ram:TypeCode", if invoice.credit_note { "381" } else { "380" });
            xml.with("ram:IssueDateTime", |xml| day(xml, document.issued));
            for note in &invoice.notes {
                xml.with("ram:IncludedNote", |xml| xml.text("ram:Content", note));
            }
        });
        xml.with("rsm:SupplyChainTradeTransaction", |xml| {
            for (place, line) in (1..).zip(&invoice.lines) {
                xml.with("ram:IncludedSupplyChainTradeLineItem", |xml| self::line(xml, place, line));
            }
            xml.with("ram:ApplicableHeaderTradeAgreement", |xml| {
                xml.text("ram:BuyerReference", reference(&invoice));
                xml.with("ram:SellerTradeParty", |xml| trader(xml, &invoice, Side::Seller));
                xml.with("ram:BuyerTradeParty", |xml| trader(xml, &invoice, Side::Buyer));
            });
            xml.with("ram:ApplicableHeaderTradeDelivery", |xml| {
                xml.with("ram:ActualDeliverySupplyChainEvent", |xml| {
                    xml.with("ram:OccurrenceDateTime", |xml| day(xml, invoice.delivered()));
                });
            });
            xml.with("ram:ApplicableHeaderTradeSettlement", |xml| settlement(xml, &invoice));
        });
    });
    Ok(xml.done())
}

fn day(xml: &mut Xml, date: CivilDate) {
    xml.text_with("udt:DateTimeString", &DAY, &digits(date));
}

fn digits(date: CivilDate) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

fn period(xml: &mut Xml, period: Option<(CivilDate, CivilDate)>) {
    if let Some((from, to)) = period {
        xml.with("ram:BillingSpecifiedPeriod", |xml| {
            xml.with("ram:StartDateTime", |xml| day(xml, from));
            xml.with("ram:EndDateTime", |xml| day(xml, to));
        });
    }
}

fn line(xml: &mut Xml, place: usize, line: &InvoiceLine) {
    xml.with("ram:AssociatedDocumentLineDocument", |xml| xml.text("ram:LineID", &place.to_string()));
    xml.with("ram:SpecifiedTradeProduct", |xml| {
        xml.text("ram:Name", &line.name);
        if !line.quantity_text.is_empty() {
            xml.with("ram:ApplicableProductCharacteristic", |xml| {
                xml.text("ram:Description", "Quantity");
                xml.text("ram:Value", &line.quantity_text);
            });
        }
    });
    xml.with("ram:SpecifiedLineTradeAgreement", |xml| {
        xml.with("ram:NetPriceProductTradePrice", |xml| xml.text("ram:ChargeAmount", &plain(line.price)));
    });
    xml.with("ram:SpecifiedLineTradeDelivery", |xml| {
        xml.text_with("ram:BilledQuantity", &[("unitCode", "C62")], &line.units.to_string());
    });
    xml.with("ram:SpecifiedLineTradeSettlement", |xml| {
        xml.with("ram:ApplicableTradeTax", |xml| {
            xml.text("ram:TypeCode", "VAT");
            xml.text("ram:CategoryCode", line.category.code());
            xml.text("ram:RateApplicablePercent", &line.percent);
        });
        period(xml, line.period);
        if !line.discount.is_zero() {
            xml.with("ram:SpecifiedTradeAllowanceCharge", |xml| {
                xml.with("ram:ChargeIndicator", |xml| xml.text("udt:Indicator", "false"));
                xml.text("ram:ActualAmount", &plain(line.discount));
                xml.text("ram:ReasonCode", "95");
                xml.text("ram:Reason", "Discount");
            });
        }
        xml.with("ram:SpecifiedTradeSettlementLineMonetarySummation", |xml| {
            xml.text("ram:LineTotalAmount", &plain(line.net));
        });
    });
}

fn trader(xml: &mut Xml, invoice: &Invoice<'_>, side: Side) {
    let (trader, trading_as) = side.of(invoice);
    let (party, seller) = (trader.party, side == Side::Seller);
    xml.text("ram:Name", &party.name);
    xml.with("ram:SpecifiedLegalOrganization", |xml| {
        xml.text("ram:ID", trader.legal_number.as_deref().unwrap_or_default());
        xml.text("ram:TradingBusinessName", trading_as);
    });
    if seller {
        xml.with("ram:DefinedTradeContact", |xml| {
            xml.with("ram:EmailURIUniversalCommunication", |xml| xml.text("ram:URIID", trader.email));
        });
    }
    xml.with("ram:PostalTradeAddress", |xml| {
        let mut lines = trader.address.lines.iter().map(String::as_str);
        xml.text("ram:PostcodeCode", &trader.address.postcode);
        xml.text("ram:LineOne", lines.next().unwrap_or_default());
        xml.text("ram:LineTwo", lines.next().unwrap_or_default());
        let rest: Vec<&str> = lines.collect();
        xml.text("ram:LineThree", &rest.join(", "));
        xml.text("ram:CityName", &trader.address.city);
        xml.text("ram:CountryID", &trader.country);
        xml.text("ram:CountrySubDivisionName", &party.region);
    });
    xml.with("ram:URIUniversalCommunication", |xml| {
        let (scheme, number) = trader.endpoint(invoice.peppol);
        xml.text_with("ram:URIID", &[("schemeID", scheme)], number);
    });
    let mut registered = |number: &Option<String>, scheme| {
        if let Some(number) = number {
            xml.with("ram:SpecifiedTaxRegistration", |xml| {
                xml.text_with("ram:ID", &[("schemeID", scheme)], number);
            });
        }
    };
    registered(&trader.vat_number, "VA");
    if seller {
        registered(&trader.tax_number, "FC");
    }
}

fn settlement(xml: &mut Xml, invoice: &Invoice<'_>) {
    let document = invoice.document;
    let currency = document.currency.code();
    xml.text("ram:PaymentReference", invoice.bank.map(|bank| bank.reference.as_str()).unwrap_or_default());
    xml.text("ram:InvoiceCurrencyCode", currency);
    if let Some(bank) = invoice.bank {
        xml.with("ram:SpecifiedTradeSettlementPaymentMeans", |xml| {
            xml.text("ram:TypeCode", "30"); // a transfer
            xml.with("ram:PayeePartyCreditorFinancialAccount", |xml| {
                let account = compact(&bank.account);
                let iban =
                    account.as_bytes().first_chunk::<2>().is_some_and(|begin| begin.iter().all(u8::is_ascii_uppercase));
                xml.text(
                    if iban { "ram:IBANID" } else { "ram:AccountName" },
                    if iban { &account } else { &bank.holder },
                );
                xml.text(
                    if iban { "ram:AccountName" } else { "ram:ProprietaryID" },
                    if iban { &bank.holder } else { &account },
                );
            });
            xml.with("ram:PayeeSpecifiedCreditorFinancialInstitution", |xml| xml.text("ram:BICID", &bank.bic));
        });
    }
    for tax in &invoice.taxes {
        xml.with("ram:ApplicableTradeTax", |xml| self::tax(xml, tax));
    }
    period(xml, invoice.period);
    xml.with("ram:SpecifiedTradePaymentTerms", |xml| {
        xml.text("ram:Description", &invoice.terms);
        if let Some(due) = document.due.filter(|_| !invoice.credit_note) {
            xml.with("ram:DueDateDateTime", |xml| day(xml, due));
        }
    });
    xml.with("ram:SpecifiedTradeSettlementHeaderMonetarySummation", |xml| {
        xml.text("ram:LineTotalAmount", &plain(invoice.net));
        xml.text("ram:TaxBasisTotalAmount", &plain(invoice.net));
        xml.text_with("ram:TaxTotalAmount", &[("currencyID", currency)], &plain(invoice.tax));
        xml.text("ram:GrandTotalAmount", &plain(invoice.gross));
        if !invoice.prepaid.is_zero() {
            xml.text("ram:TotalPrepaidAmount", &plain(invoice.prepaid));
        }
        xml.text("ram:DuePayableAmount", &plain(invoice.payable));
    });
    if let Some(about) = &document.about {
        xml.with("ram:InvoiceReferencedDocument", |xml| {
            xml.text("ram:IssuerAssignedID", &about.number);
            xml.with("ram:FormattedIssueDateTime", |xml| {
                xml.text_with("qdt:DateTimeString", &DAY, &digits(about.issued));
            });
        });
    }
}

fn tax(xml: &mut Xml, tax: &InvoiceTax) {
    xml.text("ram:CalculatedAmount", &plain(tax.tax));
    xml.text("ram:TypeCode", "VAT");
    xml.text("ram:ExemptionReason", &tax.reason);
    xml.text("ram:BasisAmount", &plain(tax.net));
    xml.text("ram:CategoryCode", tax.category.code());
    xml.text("ram:ExemptionReasonCode", tax.category.reason_code());
    xml.text("ram:RateApplicablePercent", &tax.percent);
}
