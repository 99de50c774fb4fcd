//! Who the customers are, whom their money comes from, and which bank accounts are known from the months before.

use crate::seed::Dice;
use farthing_core::bank::Reference;
use farthing_core::ledger::OwnerId;

#[derive(Clone, Debug)]
pub struct Customer {
    pub id: OwnerId,
    pub legal_name: String,
    pub reference: Reference,
    /// Its own.
    pub payer: PastPayer,
    /// The private account of whoever runs it: one company in 25 is paid for so, now and then.
    pub director: Option<PastPayer>,
    /// Somebody who pays for two customers.
    pub group: Option<Group>,
    /// Tops up before it uses, and has no bills.
    pub prepaid: bool,
    /// What a month costs, for those on a plan.
    pub plan_cents: Option<i64>,
}

/// Where money comes from.
#[derive(Clone, Debug)]
pub struct PastPayer {
    pub name: String,
    pub iban: String,
    /// How often it has paid for the customer before the month.
    pub times: u32,
}

/// Who pays for two customers, and how often for this one before the month.
#[derive(Clone, Debug)]
pub struct Group {
    pub payer: PastPayer,
}

/// Which of them paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Payer {
    Own,
    Director,
    Shared,
    /// Nobody's customer.
    Other,
}

const FIRST: &str = "Anna Bernd Claire Dominik Elif François Greta Hakan Inès Jürgen Katarína Luc Małgorzata Nuno Oğuz Paula Quentin \
    Renée Søren Thomas Ulrike Vojtěch Wanda Xavier Yvonne Zoë";
const LAST: &str = "Müller Schmidt Weiß Groß Schröder Krämer Jäger Dupont Lefèvre Bernard García Núñez Silva Gonçalves Rossi Bianchi Novák \
    Dvořák Kowalski Wójcik Jansen Visser Sørensen Åkerström Smith Taylor Murphy Yılmaz Öztürk Popescu Horváth Nagy Ivanov Petrov";
const MAKES: &str = "Alpen Nord Rhein Isar Elbe Donau Hanse Baltic Atlantic Lumière Soleil Aurora Vega Orion Delta Sigma Quantum Pixel Tensor \
    Kernel Vector Matrix Nimbus Stratus Cirrus Falke Adler Biber Lynx Otter Marlin Kestrel Merlin Raven Heron";
const TRADES: &str = "Maschinenbau Datenverarbeitung Robotics Analytics Verlag Logistik Medizintechnik Biotech Labs Studios Games \
    Versicherungsmakler Anlagentechnik Consulting Software Vision Imaging Genomics Energie Architekten Forschungsgesellschaft \
    Übersetzungen Hébergement Conseil Informatique Systems";
const FORMS: &str = "GmbH|GmbH & Co. KG|AG|UG (haftungsbeschränkt)|Ltd|SARL|S.A.S.|B.V.|s.r.o.|Sp. z o.o.|S.r.l.|e.K.";
const CITIES: &str = "Berlin München Köln Lyon Lille Wien Zürich Porto Milano Praha Gdańsk Utrecht Malmö Dublin Leeds";

fn one<'w>(words: &'w str, by: &[char], dice: &mut Dice) -> &'w str {
    let words: Vec<&str> = words.split(by).filter(|word| !word.is_empty()).collect();
    words[dice.below(words.len())]
}

fn word<'w>(words: &'w str, dice: &mut Dice) -> &'w str {
    one(words, &[' ', '\n'], dice)
}

fn person(dice: &mut Dice) -> String {
    format!("{} {}", word(FIRST, dice), word(LAST, dice))
}

fn company(dice: &mut Dice) -> String {
    let stem = if dice.below(3) == 0 { word(LAST, dice) } else { word(MAKES, dice) };
    let trade = word(TRADES, dice);
    let city = if dice.below(4) == 0 { format!(" {}", word(CITIES, dice)) } else { String::new() };
    format!("{stem} {trade}{city} {}", one(FORMS, &['|'], dice))
}

fn iban(dice: &mut Dice) -> String {
    let country = ["DE", "DE", "DE", "FR", "AT", "NL", "IT", "ES"][dice.below(8)];
    format!("{country}{:02}{:018}", dice.between(10, 98), dice.between(0, 999_999_999_999_999_999))
}

/// `count` of them. Of ten, six are companies and four are persons, as with clouds that sell by the hour. Seven of eight have paid
/// before; an eighth is new in the month.
pub fn people(count: usize, dice: &mut Dice) -> Vec<Customer> {
    let mut all: Vec<Customer> = (0..count).map(|nth| customer(nth, dice)).collect();
    // One in 25 is paid for together with another: a parent and two daughters, two spouses with one bank account, one company with
    // an account for its tests. Of those that paid before, a third has been seen for one of the two only.
    let pairs = count / 50;
    for pair in 0..pairs {
        let (left, right) = (pair * 2, pair * 2 + 1);
        let kind = dice.below(3);
        let name = match kind {
            0 => format!("{} Holding {}", word(MAKES, dice), one(FORMS, &['|'], dice)),
            1 => {
                let last = word(LAST, dice);
                let (one, other) = (word(FIRST, dice), word(FIRST, dice));
                all[left].legal_name = format!("{one} {last}");
                all[right].legal_name = format!("{other} {last}");
                format!("{one} und {other} {last}")
            }
            _ => {
                let name = all[left].legal_name.clone();
                all[right].legal_name.clone_from(&name);
                name
            }
        };
        let iban = iban(dice);
        let seen = |dice: &mut Dice| u32::try_from(dice.between(1, 24)).expect("positive");
        let (first, second) = match dice.below(6) {
            0 => (0, 0),
            1 | 2 => (seen(dice), 0),
            _ => (seen(dice), seen(dice)),
        };
        for (at, times) in [(left, first), (right, second)] {
            all[at].group = Some(Group { payer: PastPayer { name: name.clone(), iban: iban.clone(), times } });
            all[at].director = None;
        }
    }
    all
}

fn customer(nth: usize, dice: &mut Dice) -> Customer {
    let is_company = dice.below(10) < 6;
    let legal_name = if is_company { company(dice) } else { person(dice) };
    let times = if dice.below(8) == 0 { 0 } else { u32::try_from(dice.between(1, 24)).expect("positive") };
    let payer = PastPayer { name: legal_name.clone(), iban: iban(dice), times };
    let director = (is_company && dice.below(25) == 0).then(|| {
        let times = u32::try_from(dice.between(0, 2)).expect("positive");
        PastPayer { name: person(dice), iban: iban(dice), times }
    });
    // Plans of one price make the same amount of many customers.
    let plan_cents = (dice.below(10) < 4).then(|| [900, 2_900, 4_900, 9_900, 19_900, 49_900][dice.below(6)]);
    Customer {
        id: OwnerId(i64::try_from(nth).expect("few customers") + 1),
        legal_name,
        reference: Reference::new(dice.roll()),
        payer,
        director,
        group: None,
        prepaid: dice.below(5) == 0,
        plan_cents,
    }
}
