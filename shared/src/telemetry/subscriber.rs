//! Puts the parts together: filters, format, writer, panic hook.

use std::{env, io};

use tracing::Subscriber;
use tracing_subscriber::{
    Layer, Registry,
    filter::{FilterExt, FilterFn, ParseError},
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    util::{SubscriberInitExt, TryInitError},
};

use super::{
    entry::Entries,
    filter,
    looking::{self, Looking, LookingError, Telemetry},
    panic_hook,
};

/// Layers over the one that writes the log.
pub(super) type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

/// The variables that change what is written; the first that is set, and not to nothing, counts.
const VARIABLES: [&str; 2] = ["HUB_LOG", "RUST_LOG"];

/// What log lines look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, as Cloud Logging reads it, on the standard output.
    Stackdriver,
    /// Text for people, on the standard error.
    Text,
}

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// `HUB_LOG` or `RUST_LOG` is not a list of filter directives.
    #[error("the log filter is not well-formed")]
    Filter(#[source] ParseError),
    /// Something in the process logs already.
    #[error("logging was set up before")]
    Twice(#[source] TryInitError),
    /// What is measured cannot be shown to those who look.
    #[error(transparent)]
    Looking(#[from] LookingError),
}

/// Sets up logging for the whole process, and what is said of panics. The filter is in `HUB_LOG`, or else `RUST_LOG`,
/// or else `info`.
pub fn init(format: Format) -> Result<(), InitError> {
    init_with(format, filter::DEFAULT)
}

/// What [`init`] does, with another filter for when neither variable is set.
pub fn init_with(format: Format, default_directives: &str) -> Result<(), InitError> {
    start(format, default_directives, &Looking::default()).map(drop)
}

/// What [`init_with`] does, with those who look at what is measured. Wants to be called in a runtime if there is a
/// collector.
pub fn start(format: Format, default_directives: &str, looking: &Looking) -> Result<Telemetry, InitError> {
    let directives = directives().unwrap_or_else(|| default_directives.to_owned());
    let telemetry = match format {
        Format::Stackdriver => {
            let (subscriber, telemetry) = subscriber_with(format, &directives, io::stdout, looking)?;
            subscriber.try_init().map(|()| telemetry)
        }
        Format::Text => {
            let (subscriber, telemetry) = subscriber_with(format, &directives, io::stderr, looking)?;
            subscriber.try_init().map(|()| telemetry)
        }
    };
    panic_hook::install();
    telemetry.map_err(InitError::Twice)
}

#[expect(clippy::disallowed_methods, reason = "logging comes before the settings, so that their mistakes are logged")]
fn directives() -> Option<String> {
    VARIABLES.into_iter().filter_map(|name| env::var(name).ok()).find(|text| !text.is_empty())
}

/// What [`init`] sets up, with a filter and a writer of the caller's: for tests that read what was logged.
pub fn subscriber<W>(
    format: Format,
    directives: &str,
    writer: W,
) -> Result<impl Subscriber + Send + Sync + 'static, InitError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    Ok(subscriber_with(format, directives, writer, &Looking::default())?.0)
}

/// The same, with those who look at what is measured.
pub fn subscriber_with<W>(
    format: Format,
    directives: &str,
    writer: W,
    looking: &Looking,
) -> Result<(impl Subscriber + Send + Sync + 'static + use<W>, Telemetry), InitError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let wanted = filter::wanted(directives).map_err(InitError::Filter)?;
    let heard = wanted.and(FilterFn::new(filter::is_allowed)).or(FilterFn::new(filter::is_audit));
    let (mut layers, telemetry) = looking::layers(looking)?;
    layers.push(format.layer(writer).with_filter(heard).boxed());
    Ok((Registry::default().with(layers), telemetry))
}

impl Format {
    fn layer<W>(self, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        match self {
            // Source locations would tell the paths of the machine that built the program.
            Self::Stackdriver => {
                tracing_stackdriver::layer().with_writer(Entries::new(writer)).with_source_location(false).boxed()
            }
            Self::Text => fmt::layer().with_writer(writer).with_ansi(false).boxed(),
        }
    }
}
