//! Who banks here and what they live on. Every name is made up.

use jiff::civil::Weekday;

use super::people::{AccountPlan, CustomerPlan, Usage};
use super::routine::{Flow, Habit, Kind, Party, Rhythm};

pub(super) const CUSTOMERS: &[CustomerPlan] = &[
    CustomerPlan {
        id: "anna-schmidt",
        name: "Anna Schmidt",
        usage: Usage::Private,
        accounts: &[current("Girokonto", 184_217, ANNA_CURRENT), savings("Tagesgeld", 1_250_000, ANNA_SAVINGS)],
        card: Some("Girocard Anna"),
    },
    CustomerPlan {
        id: "jonas-weber",
        name: "Jonas Weber",
        usage: Usage::Private,
        accounts: &[
            current("Girokonto", 96_540, JONAS_CURRENT),
            savings("Sparkonto", 730_050, JONAS_SAVINGS),
            AccountPlan {
                key: "dollars",
                name: "US dollar account",
                product: "Foreign currency",
                currency: "USD",
                cash_account_type: "CACC",
                opening_cents: 412_000,
                habits: JONAS_DOLLARS,
            },
        ],
        card: Some("Girocard Jonas"),
    },
    CustomerPlan {
        id: "tischlerei-nordlicht",
        name: "Tischlerei Nordlicht GmbH",
        usage: Usage::Organisation,
        accounts: &[
            current("Geschäftskonto", 2_843_190, COMPANY_CURRENT),
            savings("Rücklagenkonto", 4_000_000, COMPANY_SAVINGS),
        ],
        card: None,
    },
];

const fn current(name: &'static str, opening_cents: i64, habits: &'static [Habit]) -> AccountPlan {
    AccountPlan {
        key: "current",
        name,
        product: "Current account",
        currency: "EUR",
        cash_account_type: "CACC",
        opening_cents,
        habits,
    }
}

const fn savings(name: &'static str, opening_cents: i64, habits: &'static [Habit]) -> AccountPlan {
    AccountPlan {
        key: "savings",
        name,
        product: "Savings account",
        currency: "EUR",
        cash_account_type: "SVGS",
        opening_cents,
        habits,
    }
}

const fn habit(
    rhythm: Rhythm,
    kind: Kind,
    flow: Flow,
    cents: (i64, i64),
    parties: &'static [Party],
    text: &'static str,
) -> Habit {
    Habit { rhythm, kind, cents, flow, parties, text }
}

const fn elsewhere(name: &'static str, account: u64) -> Party {
    Party::Elsewhere { name, account }
}

const LANDLORD: &[Party] = &[elsewhere("Wohnbau Musterstadt eG", 1_000_201)];
const POWER: &[Party] = &[elsewhere("Stadtwerke Musterstadt", 1_000_302)];
const TELEPHONE: &[Party] = &[elsewhere("Funkwelle Telefon GmbH", 1_000_403)];
const INSURANCE: &[Party] = &[elsewhere("Leuchtturm Versicherung AG", 1_000_504)];
const TRANSPORT: &[Party] = &[elsewhere("Verkehrsbetriebe Musterstadt", 1_000_605)];
const STREAMING: &[Party] = &[elsewhere("Filmstrom GmbH", 1_000_706)];
const TAX_OFFICE: &[Party] = &[elsewhere("Finanzamt Musterstadt", 1_000_807)];
const FRIENDS: &[Party] =
    &[elsewhere("Lea Hoffmann", 2_000_101), elsewhere("Karim Yıldız", 2_000_202), elsewhere("Zoë Brandt", 2_000_303)];
const GROCERS: &[Party] =
    &[Party::Shop("Frischmarkt Lindenhof"), Party::Shop("Bioladen Grünkern"), Party::Shop("Kaufhalle am Ring")];
const EVERYDAY: &[Party] = &[
    Party::Shop("Bäckerei Krüger"),
    Party::Shop("Café Morgenrot"),
    Party::Shop("Drogerie Sonnenschein"),
    Party::Shop("Kantine Werk 3"),
    Party::Shop("Kiosk am Bahnhof"),
];
const SHOPS: &[Party] = &[
    Party::Shop("Modehaus Sommer"),
    Party::Shop("Buchhandlung Seitenweise"),
    Party::Shop("Möbelhof Nord"),
    Party::Shop("Reisebüro Fernweh"),
];
const SUPPLIERS: &[Party] = &[
    elsewhere("Holzhandel Waldmann KG", 3_000_101),
    elsewhere("Beschläge Süd GmbH", 3_000_202),
    elsewhere("Lacke & Leime OHG", 3_000_303),
];
const CLIENTS: &[Party] = &[
    elsewhere("Hotel Seeblick GmbH", 4_000_101),
    elsewhere("Praxis Dr. Öztürk", 4_000_202),
    elsewhere("Familie Petersen", 4_000_303),
    elsewhere("Architekturbüro Linie 7", 4_000_404),
];
const WORKFORCE: &[Party] = &[elsewhere("Sammelzahlung Löhne", 4_000_505)];
const OWN_SAVINGS: &[Party] = &[Party::Own("savings")];
const OWN_CURRENT: &[Party] = &[Party::Own("current")];
const BANK: &[Party] = &[Party::Bank];

const ANNA_CURRENT: &[Habit] = &[
    habit(
        Rhythm::Monthly(27),
        Kind::Salary,
        Flow::In,
        (284_530, 284_530),
        &[elsewhere("Nordstern Logistik GmbH", 5_000_101)],
        "Salary",
    ),
    habit(Rhythm::Monthly(1), Kind::StandingOrder, Flow::Out, (89_000, 89_000), LANDLORD, "Rent flat 12"),
    habit(Rhythm::Monthly(3), Kind::StandingOrder, Flow::Out, (20_000, 20_000), OWN_SAVINGS, "Savings plan"),
    habit(Rhythm::Monthly(15), Kind::DirectDebit, Flow::Out, (9_400, 9_400), POWER, "Electricity and gas"),
    habit(Rhythm::Monthly(8), Kind::DirectDebit, Flow::Out, (3_999, 5_499), TELEPHONE, "Telephone and internet"),
    habit(Rhythm::Monthly(5), Kind::DirectDebit, Flow::Out, (6_300, 6_300), TRANSPORT, "Monthly ticket"),
    habit(Rhythm::Monthly(11), Kind::DirectDebit, Flow::Out, (1_299, 1_299), STREAMING, "Subscription"),
    habit(Rhythm::Quarterly(16), Kind::DirectDebit, Flow::Out, (8_740, 8_740), INSURANCE, "Household insurance"),
    habit(Rhythm::Days(430), Kind::Card, Flow::Out, (1_180, 7_450), GROCERS, "Groceries"),
    habit(Rhythm::Days(560), Kind::Card, Flow::Out, (290, 2_350), EVERYDAY, "Card payment"),
    habit(Rhythm::Days(40), Kind::Card, Flow::Out, (2_900, 17_900), SHOPS, "Card payment"),
    habit(Rhythm::Days(25), Kind::Transfer, Flow::In, (1_000, 6_000), FRIENDS, "Dinner, thank you"),
];

const ANNA_SAVINGS: &[Habit] = &[
    habit(Rhythm::Monthly(3), Kind::StandingOrder, Flow::In, (20_000, 20_000), OWN_CURRENT, "Savings plan"),
    habit(Rhythm::Quarterly(30), Kind::Interest, Flow::In, (4_100, 4_900), BANK, "Interest"),
];

const JONAS_CURRENT: &[Habit] = &[
    habit(
        Rhythm::Monthly(28),
        Kind::Salary,
        Flow::In,
        (318_875, 318_875),
        &[elsewhere("Klinikum Musterstadt", 5_000_202)],
        "Salary",
    ),
    habit(Rhythm::Monthly(1), Kind::StandingOrder, Flow::Out, (104_500, 104_500), LANDLORD, "Rent house 4"),
    habit(Rhythm::Monthly(2), Kind::StandingOrder, Flow::Out, (15_000, 15_000), OWN_SAVINGS, "Savings plan"),
    habit(Rhythm::Monthly(14), Kind::DirectDebit, Flow::Out, (12_850, 12_850), POWER, "Electricity and gas"),
    habit(Rhythm::Monthly(9), Kind::DirectDebit, Flow::Out, (2_999, 3_999), TELEPHONE, "Mobile telephone"),
    habit(Rhythm::Quarterly(3), Kind::DirectDebit, Flow::Out, (17_320, 17_320), INSURANCE, "Car insurance"),
    habit(Rhythm::Weekly(Weekday::Saturday), Kind::Card, Flow::Out, (4_900, 12_400), GROCERS, "Weekly shopping"),
    habit(Rhythm::Days(620), Kind::Card, Flow::Out, (250, 2_900), EVERYDAY, "Card payment"),
    habit(Rhythm::Days(110), Kind::Card, Flow::Out, (3_500, 7_800), &[Party::Shop("Tankstelle Ostring")], "Fuel"),
    habit(Rhythm::Days(50), Kind::Card, Flow::Out, (1_900, 14_500), SHOPS, "Card payment"),
    habit(Rhythm::Days(30), Kind::Transfer, Flow::Out, (1_000, 5_000), FRIENDS, "Football tickets"),
];

const JONAS_SAVINGS: &[Habit] = &[
    habit(Rhythm::Monthly(2), Kind::StandingOrder, Flow::In, (15_000, 15_000), OWN_CURRENT, "Savings plan"),
    habit(Rhythm::Quarterly(30), Kind::Interest, Flow::In, (2_100, 2_600), BANK, "Interest"),
];

const JONAS_DOLLARS: &[Habit] = &[
    habit(
        Rhythm::Monthly(12),
        Kind::Transfer,
        Flow::In,
        (42_000, 51_000),
        &[Party::Shop("Bluebird Photo Library Inc.")],
        "Royalties",
    ),
    habit(
        Rhythm::Days(60),
        Kind::Card,
        Flow::Out,
        (900, 6_500),
        &[Party::Shop("Cloud Storage Co."), Party::Shop("Lens Rental LLC")],
        "Card payment",
    ),
    habit(Rhythm::Monthly(12), Kind::Fee, Flow::Out, (250, 250), BANK, "Foreign payment fee"),
];

const COMPANY_CURRENT: &[Habit] = &[
    habit(Rhythm::WorkingDays(450), Kind::Transfer, Flow::In, (38_000, 512_000), CLIENTS, "Invoice, thank you"),
    habit(Rhythm::WorkingDays(180), Kind::Transfer, Flow::In, (12_000, 95_000), CLIENTS, "Repair order"),
    habit(Rhythm::WorkingDays(380), Kind::Transfer, Flow::Out, (9_500, 168_000), SUPPLIERS, "Invoice for material"),
    habit(Rhythm::Monthly(25), Kind::Salary, Flow::Out, (1_124_000, 1_124_000), WORKFORCE, "Wages"),
    habit(Rhythm::Monthly(1), Kind::StandingOrder, Flow::Out, (240_000, 240_000), LANDLORD, "Workshop rent"),
    habit(Rhythm::Monthly(6), Kind::StandingOrder, Flow::Out, (50_000, 50_000), OWN_SAVINGS, "Reserve"),
    habit(Rhythm::Monthly(15), Kind::DirectDebit, Flow::Out, (48_000, 71_000), POWER, "Electricity workshop"),
    habit(Rhythm::Monthly(10), Kind::DirectDebit, Flow::Out, (210_000, 290_000), TAX_OFFICE, "Value added tax"),
    habit(
        Rhythm::Quarterly(18),
        Kind::DirectDebit,
        Flow::Out,
        (64_500, 64_500),
        INSURANCE,
        "Business liability insurance",
    ),
    habit(
        Rhythm::WorkingDays(420),
        Kind::Card,
        Flow::Out,
        (850, 14_900),
        &[Party::Shop("Baumarkt Hammer"), Party::Shop("Tankstelle Ostring"), Party::Shop("Bäckerei Krüger")],
        "Card payment",
    ),
];

const COMPANY_SAVINGS: &[Habit] = &[
    habit(Rhythm::Monthly(6), Kind::StandingOrder, Flow::In, (50_000, 50_000), OWN_CURRENT, "Reserve"),
    habit(Rhythm::Quarterly(30), Kind::Interest, Flow::In, (9_800, 12_400), BANK, "Interest"),
];
