//! The currencies themselves: ISO 4217's active list as published on 2026-01-01, and how finely we count each.
//!
//! Left out on purpose: codes no bill is written in (metals, bond units, XDR, XSU, XUA, XAD, the testing code XTS, "no
//! currency" XXX) and funds that only settle between banks (BOV, CHE, CHW, USN). Kept: the indexed units that contracts
//! really are priced in (CLF, COU, MXV, UYI, UYW).
//!
//! **How many extra digits.** An amount is an `i64`, so fineness is paid for in head-room. Six digits below the minor
//! unit is the rule, and it holds while the largest amount is still worth about a billion US dollars. Where it would not
//! be (the ledger adds up a whole cloud's turnover in one account), the currency gets fewer, by its rate to the dollar in
//! early 2026, street rates where the official one is fiction:
//!
//! | one US dollar buys | digits after the mark | largest amount, major units | for example |
//! |---|---|---|---|
//! | less than 100 | 8 | 92,233,720,368 | USD, CNY, INR |
//! | 100 to 1,000 | 7 | 922,337,203,685 | HUF, KZT, PKR |
//! | 1,000 to 10,000 | 6 | 9,223,372,036,854 | ARS, COP, NGN, and with no minor unit KRW, PYG, GNF |
//! | 10,000 to 100,000 | 5 | 92,233,720,368,547 | IDR, LAK, LBP, UZS, VND |
//! | 1,000,000 | 3 | 9,223,372,036,854,775 | IRR |
//!
//! "Digits after the mark" are the minor digits and the extra ones together, never more than minor + 6: JPY keeps 6 (its
//! minor unit is the yen), BHD 9 (9,223,372,036 dinars, about 24 billion dollars), CLF 10. Nothing is lost by it: a unit
//! of any currency in the shortened rows is worth less than a unit of the dollar (10^-8 USD), so per-token prices are as
//! exact there as anywhere. Two rates sit near a border and were put on the side of head-room: RSD and CUP.
//!
//! **Never change the digits of a row once a cloud bills in it**: the store keeps units, and their meaning is this table.
//! A redenomination gets a new ISO code, and a new row.

/// One currency. `units_per_*` are derived here, while compiling, so a row that does not fit an `i64` does not build.
pub(super) struct Row {
    pub(super) code: &'static str,
    pub(super) numeric: u16,
    pub(super) name: &'static str,
    pub(super) minor_digits: u32,
    pub(super) extra_digits: u32,
    pub(super) units_per_minor: i64,
    pub(super) units_per_major: i64,
}

const fn row(code: &'static str, numeric: u16, minor_digits: u32, extra_digits: u32, name: &'static str) -> Row {
    let units_per_minor = 10_i64.pow(extra_digits);
    let units_per_major = 10_i64.pow(minor_digits.saturating_add(extra_digits));
    Row { code, numeric, name, minor_digits, extra_digits, units_per_minor, units_per_major }
}

/// Sorted by code; a `Currency` is a position in it. Columns: code, numeric code, minor digits, extra digits, name.
pub(super) const TABLE: &[Row] = &[
    row("AED", 784, 2, 6, "UAE Dirham"),
    row("AFN", 971, 2, 6, "Afghani"),
    row("ALL", 8, 2, 6, "Lek"),
    row("AMD", 51, 2, 5, "Armenian Dram"),
    row("AOA", 973, 2, 5, "Kwanza"),
    row("ARS", 32, 2, 4, "Argentine Peso"),
    row("AUD", 36, 2, 6, "Australian Dollar"),
    row("AWG", 533, 2, 6, "Aruban Florin"),
    row("AZN", 944, 2, 6, "Azerbaijan Manat"),
    row("BAM", 977, 2, 6, "Convertible Mark"),
    row("BBD", 52, 2, 6, "Barbados Dollar"),
    row("BDT", 50, 2, 5, "Taka"),
    row("BHD", 48, 3, 6, "Bahraini Dinar"),
    row("BIF", 108, 0, 6, "Burundi Franc"),
    row("BMD", 60, 2, 6, "Bermudian Dollar"),
    row("BND", 96, 2, 6, "Brunei Dollar"),
    row("BOB", 68, 2, 6, "Boliviano"),
    row("BRL", 986, 2, 6, "Brazilian Real"),
    row("BSD", 44, 2, 6, "Bahamian Dollar"),
    row("BTN", 64, 2, 6, "Ngultrum"),
    row("BWP", 72, 2, 6, "Pula"),
    row("BYN", 933, 2, 6, "Belarusian Ruble"),
    row("BZD", 84, 2, 6, "Belize Dollar"),
    row("CAD", 124, 2, 6, "Canadian Dollar"),
    row("CDF", 976, 2, 4, "Congolese Franc"),
    row("CHF", 756, 2, 6, "Swiss Franc"),
    row("CLF", 990, 4, 6, "Chilean Development Unit"),
    row("CLP", 152, 0, 6, "Chilean Peso"),
    row("CNY", 156, 2, 6, "Yuan Renminbi"),
    row("COP", 170, 2, 4, "Colombian Peso"),
    row("COU", 970, 2, 6, "Colombian Real Value Unit"),
    row("CRC", 188, 2, 5, "Costa Rican Colon"),
    row("CUP", 192, 2, 5, "Cuban Peso"),
    row("CVE", 132, 2, 6, "Cabo Verde Escudo"),
    row("CZK", 203, 2, 6, "Czech Koruna"),
    row("DJF", 262, 0, 6, "Djibouti Franc"),
    row("DKK", 208, 2, 6, "Danish Krone"),
    row("DOP", 214, 2, 6, "Dominican Peso"),
    row("DZD", 12, 2, 5, "Algerian Dinar"),
    row("EGP", 818, 2, 6, "Egyptian Pound"),
    row("ERN", 232, 2, 6, "Nakfa"),
    row("ETB", 230, 2, 5, "Ethiopian Birr"),
    row("EUR", 978, 2, 6, "Euro"),
    row("FJD", 242, 2, 6, "Fiji Dollar"),
    row("FKP", 238, 2, 6, "Falkland Islands Pound"),
    row("GBP", 826, 2, 6, "Pound Sterling"),
    row("GEL", 981, 2, 6, "Lari"),
    row("GHS", 936, 2, 6, "Ghana Cedi"),
    row("GIP", 292, 2, 6, "Gibraltar Pound"),
    row("GMD", 270, 2, 6, "Dalasi"),
    row("GNF", 324, 0, 6, "Guinean Franc"),
    row("GTQ", 320, 2, 6, "Quetzal"),
    row("GYD", 328, 2, 5, "Guyana Dollar"),
    row("HKD", 344, 2, 6, "Hong Kong Dollar"),
    row("HNL", 340, 2, 6, "Lempira"),
    row("HTG", 332, 2, 5, "Gourde"),
    row("HUF", 348, 2, 5, "Forint"),
    row("IDR", 360, 2, 3, "Rupiah"),
    row("ILS", 376, 2, 6, "New Israeli Sheqel"),
    row("INR", 356, 2, 6, "Indian Rupee"),
    row("IQD", 368, 3, 3, "Iraqi Dinar"),
    row("IRR", 364, 2, 1, "Iranian Rial"),
    row("ISK", 352, 0, 6, "Iceland Krona"),
    row("JMD", 388, 2, 5, "Jamaican Dollar"),
    row("JOD", 400, 3, 6, "Jordanian Dinar"),
    row("JPY", 392, 0, 6, "Yen"),
    row("KES", 404, 2, 5, "Kenyan Shilling"),
    row("KGS", 417, 2, 6, "Som"),
    row("KHR", 116, 2, 4, "Riel"),
    row("KMF", 174, 0, 6, "Comorian Franc"),
    row("KPW", 408, 2, 4, "North Korean Won"),
    row("KRW", 410, 0, 6, "Won"),
    row("KWD", 414, 3, 6, "Kuwaiti Dinar"),
    row("KYD", 136, 2, 6, "Cayman Islands Dollar"),
    row("KZT", 398, 2, 5, "Tenge"),
    row("LAK", 418, 2, 3, "Lao Kip"),
    row("LBP", 422, 2, 3, "Lebanese Pound"),
    row("LKR", 144, 2, 5, "Sri Lanka Rupee"),
    row("LRD", 430, 2, 5, "Liberian Dollar"),
    row("LSL", 426, 2, 6, "Loti"),
    row("LYD", 434, 3, 6, "Libyan Dinar"),
    row("MAD", 504, 2, 6, "Moroccan Dirham"),
    row("MDL", 498, 2, 6, "Moldovan Leu"),
    row("MGA", 969, 2, 4, "Malagasy Ariary"),
    row("MKD", 807, 2, 6, "Denar"),
    row("MMK", 104, 2, 4, "Kyat"),
    row("MNT", 496, 2, 4, "Tugrik"),
    row("MOP", 446, 2, 6, "Pataca"),
    row("MRU", 929, 2, 6, "Ouguiya"),
    row("MUR", 480, 2, 6, "Mauritius Rupee"),
    row("MVR", 462, 2, 6, "Rufiyaa"),
    row("MWK", 454, 2, 4, "Malawi Kwacha"),
    row("MXN", 484, 2, 6, "Mexican Peso"),
    row("MXV", 979, 2, 6, "Mexican Investment Unit (UDI)"),
    row("MYR", 458, 2, 6, "Malaysian Ringgit"),
    row("MZN", 943, 2, 6, "Mozambique Metical"),
    row("NAD", 516, 2, 6, "Namibia Dollar"),
    row("NGN", 566, 2, 4, "Naira"),
    row("NIO", 558, 2, 6, "Cordoba Oro"),
    row("NOK", 578, 2, 6, "Norwegian Krone"),
    row("NPR", 524, 2, 5, "Nepalese Rupee"),
    row("NZD", 554, 2, 6, "New Zealand Dollar"),
    row("OMR", 512, 3, 6, "Rial Omani"),
    row("PAB", 590, 2, 6, "Balboa"),
    row("PEN", 604, 2, 6, "Sol"),
    row("PGK", 598, 2, 6, "Kina"),
    row("PHP", 608, 2, 6, "Philippine Peso"),
    row("PKR", 586, 2, 5, "Pakistan Rupee"),
    row("PLN", 985, 2, 6, "Zloty"),
    row("PYG", 600, 0, 6, "Guarani"),
    row("QAR", 634, 2, 6, "Qatari Rial"),
    row("RON", 946, 2, 6, "Romanian Leu"),
    row("RSD", 941, 2, 5, "Serbian Dinar"),
    row("RUB", 643, 2, 6, "Russian Ruble"),
    row("RWF", 646, 0, 6, "Rwanda Franc"),
    row("SAR", 682, 2, 6, "Saudi Riyal"),
    row("SBD", 90, 2, 6, "Solomon Islands Dollar"),
    row("SCR", 690, 2, 6, "Seychelles Rupee"),
    row("SDG", 938, 2, 4, "Sudanese Pound"),
    row("SEK", 752, 2, 6, "Swedish Krona"),
    row("SGD", 702, 2, 6, "Singapore Dollar"),
    row("SHP", 654, 2, 6, "Saint Helena Pound"),
    row("SLE", 925, 2, 6, "Leone"),
    row("SOS", 706, 2, 5, "Somali Shilling"),
    row("SRD", 968, 2, 6, "Surinam Dollar"),
    row("SSP", 728, 2, 4, "South Sudanese Pound"),
    row("STN", 930, 2, 6, "Dobra"),
    row("SVC", 222, 2, 6, "El Salvador Colon"),
    row("SYP", 760, 2, 3, "Syrian Pound"),
    row("SZL", 748, 2, 6, "Lilangeni"),
    row("THB", 764, 2, 6, "Baht"),
    row("TJS", 972, 2, 6, "Somoni"),
    row("TMT", 934, 2, 6, "Turkmenistan New Manat"),
    row("TND", 788, 3, 6, "Tunisian Dinar"),
    row("TOP", 776, 2, 6, "Pa’anga"),
    row("TRY", 949, 2, 6, "Turkish Lira"),
    row("TTD", 780, 2, 6, "Trinidad and Tobago Dollar"),
    row("TWD", 901, 2, 6, "New Taiwan Dollar"),
    row("TZS", 834, 2, 4, "Tanzanian Shilling"),
    row("UAH", 980, 2, 6, "Hryvnia"),
    row("UGX", 800, 0, 6, "Uganda Shilling"),
    row("USD", 840, 2, 6, "US Dollar"),
    row("UYI", 940, 0, 6, "Uruguay Indexed Unit"),
    row("UYU", 858, 2, 6, "Peso Uruguayo"),
    row("UYW", 927, 4, 4, "Uruguay Pension Unit"),
    row("UZS", 860, 2, 3, "Uzbekistan Sum"),
    row("VED", 926, 2, 4, "Digital Bolívar"),
    row("VES", 928, 2, 4, "Bolívar Soberano"),
    row("VND", 704, 0, 5, "Dong"),
    row("VUV", 548, 0, 6, "Vatu"),
    row("WST", 882, 2, 6, "Tala"),
    row("XAF", 950, 0, 6, "CFA Franc BEAC"),
    row("XCD", 951, 2, 6, "East Caribbean Dollar"),
    row("XCG", 532, 2, 6, "Caribbean Guilder"),
    row("XOF", 952, 0, 6, "CFA Franc BCEAO"),
    row("XPF", 953, 0, 6, "CFP Franc"),
    row("YER", 886, 2, 4, "Yemeni Rial"),
    row("ZAR", 710, 2, 6, "Rand"),
    row("ZMW", 967, 2, 6, "Zambian Kwacha"),
    row("ZWG", 924, 2, 6, "Zimbabwe Gold"),
];

/// What people write instead of a code, and codes that ISO has withdrawn: (written, the code to use).
pub(super) const INSTEAD: &[(&str, &str)] = &[
    ("ANG", "XCG"), // withdrawn 2025
    ("BGN", "EUR"), // Bulgaria, 2026
    ("CNH", "CNY"), // the offshore yuan has no code of its own
    ("CUC", "CUP"),
    ("DOLLAR", "USD"),
    ("DOLLARS", "USD"),
    ("EUROS", "EUR"),
    ("HRK", "EUR"), // Croatia, 2023
    ("NTD", "TWD"),
    ("RMB", "CNY"),
    ("SLL", "SLE"), // 1000 old leones = 1 new
    ("STG", "GBP"),
    ("VEF", "VES"),
    ("YUAN", "CNY"),
    ("ZWL", "ZWG"), // withdrawn 2024
];
