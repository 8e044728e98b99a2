//! The documents of the sandbox's banks, one for each of its moods.

use sandbox_bank::SandboxBank;

/// The moods that have a document, which is also the bank's id.
pub const MOODS: [&str; 7] = ["oauth", "redirect", "prestep", "explicit", "token", "application", "decoupled"];

/// The document of that mood. A bank with OAuth rotates refresh tokens so; `further` lines end the document.
pub fn of(bank: &SandboxBank, mood: &str, rotation: &str, further: &str) -> String {
    let (api, web) = (bank.api_url(), bank.web_url());
    let own = match mood {
        "oauth" => oauth(api, mood, rotation, "scope = \"AIS:{consent_id}\"\nchain_days = 180"),
        "prestep" => oauth(
            api,
            mood,
            rotation,
            "stage = \"pre_step\"\nscope = \"AIS\"\npre_step_scope = \"AIS\"\nverifier_octets = 33",
        ),
        "explicit" => format!("{SEAL}[consent]\nauthorisation = \"explicit\"\n"),
        "token" => format!(
            r#"
            {}
            [oauth.endpoints]
            authorization = "{api}/token/oauth/authorization-server-url"
            token = "{api}/token/token"
            revocation = "{api}/token/revoke"
            [oauth.authorize]
            by = "hub_asks"
            [oauth.application_token]
            operations = ["authorization_url"]
            {SEAL}
            signature = {{ scheme = "rfc9421", covered = ["@method", "@target-uri", "content-digest", "x-request-id"] }}
            "#,
            fixed_oauth(api, mood, rotation, &format!("stage = \"token\"\nscope = \"{ACCOUNTS}\"")),
        ),
        "application" => format!(
            r#"
            {}
            [oauth.endpoints]
            authorization = "{web}/application/authorize"
            token = "{api}/application/token"
            revocation = "{api}/application/revoke"
            [oauth.authorize]
            rename = {{ response_type = "responseType", client_id = "clientId" }}
            extra = {{ bic = "SANDXXXX" }}
            [oauth.token]
            query = {{ role = "DEDICATED_AISP" }}
            [oauth.application_token]
            scope = "AISP-app"
            operations = ["create_consent", "read_consent", "consent_status", "delete_consent", "authorisation_status"]
            [psu]
            id = "forbidden"
            required = ["ip_address", "user_agent"]
            "#,
            fixed_oauth(
                api,
                mood,
                rotation,
                "scope = \"AIS:{consent_id}\"\nsca_link = \"authorization_endpoint\"\npkce = \"refused\"\n\
                 token_header = \"PSD2-AUTHORIZATION\"\nidle_hours = 48",
            ),
        ),
        "decoupled" => "[consent]\npreference = \"decoupled\"\n[psu]\nid = \"required\"\n".to_owned(),
        _ => String::new(),
    };
    format!(
        r#"
        id = "{mood}"
        name = "Sandbox {mood}"
        country = "DE"
        bic = "SANDDEFFXXX"
        dialect = "berlin-group"
        [addresses]
        api = "{api}/{mood}"
        web = ["{web}"]
        [tls]
        identity = "qwac.pem"
        trust_anchors = "ca.pem"
        {own}
        {further}
        "#
    )
}

const SEAL: &str = "[seal]\nidentity = \"qseal.pem\"\n";

const ACCOUNTS: &str = "payment-accounts:balances:view payment-accounts:transactions:view";

/// An authorisation server that is found by its metadata.
fn oauth(api: &str, mood: &str, rotation: &str, lines: &str) -> String {
    let metadata = format!("metadata_url = \"{api}/{mood}/.well-known/oauth-authorization-server\"");
    fixed_oauth(api, mood, rotation, &format!("{metadata}\n{lines}"))
}

/// An authorisation server whose endpoints stand in the document.
fn fixed_oauth(api: &str, mood: &str, rotation: &str, lines: &str) -> String {
    format!(
        "[oauth]\nissuer = \"{api}/{mood}\"\nclient_id = \"PSDDE-FAKENCA-HUB001\"\nrotation = \"{rotation}\"\n{lines}\n"
    )
}
