//! The words of trust service providers: types of qualified certificates, and roles of payment service providers.

/// What a qualified certificate is for (ETSI EN 319 412-5 §4.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QualifiedType {
    /// Authenticates a server or a client of TLS: a QWAC.
    Web,
    /// Seals what an organisation sends: a QSEAL.
    Seal,
    /// Signs for a natural person.
    Sign,
}

impl QualifiedType {
    /// What people call such a certificate.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Web => "QWAC",
            Self::Seal => "QSEAL",
            Self::Sign => "certificate for electronic signatures",
        }
    }
}

/// What a payment service provider may do (ETSI TS 119 495 §5.1; Directive (EU) 2015/2366).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PspRole {
    /// `PSP_AS`: keeps accounts.
    AccountServicing,
    /// `PSP_PI`: initiates payments.
    PaymentInitiation,
    /// `PSP_AI`: reads accounts.
    AccountInformation,
    /// `PSP_IC`: issues card-based payment instruments.
    CardIssuing,
}

impl PspRole {
    /// Every role.
    pub const ALL: [Self; 4] =
        [Self::AccountServicing, Self::PaymentInitiation, Self::AccountInformation, Self::CardIssuing];

    /// The role's name in certificates.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccountServicing => "PSP_AS",
            Self::PaymentInitiation => "PSP_PI",
            Self::AccountInformation => "PSP_AI",
            Self::CardIssuing => "PSP_IC",
        }
    }
}

/// The national authority that authorised a payment service provider (ETSI TS 119 495 §5.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompetentAuthority {
    /// Its name.
    pub name: String,
    /// Country and short name: `DE-BAFIN`.
    pub id: String,
}
