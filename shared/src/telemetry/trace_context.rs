//! Which trace a request belongs to, as the load balancer in front tells it. Only numbers get through: what does not
//! parse is as good as absent, and nothing of it reaches a log.

use std::num::{NonZeroU64, NonZeroU128};

use http::HeaderMap;
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Where a request stands in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: NonZeroU128,
    span: Option<NonZeroU64>,
    sampled: bool,
}

impl TraceContext {
    /// The context of a request: `traceparent`, or else `X-Cloud-Trace-Context`.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let w3c = only(headers, "traceparent").and_then(Self::from_traceparent);
        w3c.or_else(|| only(headers, "x-cloud-trace-context").and_then(Self::from_cloud_trace))
    }

    /// Reads a `traceparent` (W3C Trace Context §3.2): version, trace, parent, flags. Later versions may append fields
    /// (§4), the present one may not.
    pub fn from_traceparent(text: &str) -> Option<Self> {
        let mut fields = text.split('-');
        let version = hex(fields.next()?, 2)?;
        let trace = NonZeroU128::new(hex(fields.next()?, 32)?)?;
        let span = NonZeroU64::new(u64::try_from(hex(fields.next()?, 16)?).ok()?)?;
        let flags = hex(fields.next()?, 2)?;
        let more = fields.next().is_some();
        let known = version != 0xff && !(version == 0 && more);
        known.then_some(Self { trace, span: Some(span), sampled: flags & 1 == 1 })
    }

    /// Reads an `X-Cloud-Trace-Context`: `TRACE_ID/SPAN_ID;o=OPTIONS`, the trace in hexadecimal, the span in decimal;
    /// span and options may be missing.
    pub fn from_cloud_trace(text: &str) -> Option<Self> {
        let (ids, sampled) = match text.split_once(';') {
            Some((ids, options)) => (ids, option_bits(options)? & 1 == 1),
            None => (text, false),
        };
        let (trace, span) = match ids.split_once('/') {
            Some((trace, span)) => (trace, NonZeroU64::new(decimal(span)?)),
            None => (ids, None),
        };
        Some(Self { trace: NonZeroU128::new(hex(trace, 32)?)?, span, sampled })
    }

    /// Puts a span into this trace, for those who collect traces. Where the caller told no span of its own, one is made
    /// up of the trace's id: what matters is that the trace is the same.
    pub fn lead(&self, span: &tracing::Span) {
        let own = u64::try_from(self.trace.get() & u128::from(u64::MAX)).unwrap_or(1).max(1);
        let parent = SpanContext::new(
            TraceId::from(self.trace.get()),
            SpanId::from(self.span.map_or(own, NonZeroU64::get)),
            if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED },
            true,
            TraceState::NONE,
        );
        // It fails if nobody collects traces, and then it does not matter.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }

    /// The trace's id: 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// The id of the caller's span, if it told one: 16 hexadecimal digits.
    pub fn span_id(&self) -> Option<String> {
        self.span.map(|span| format!("{span:016x}"))
    }

    /// Whether the trace is being recorded.
    pub const fn is_sampled(&self) -> bool {
        self.sampled
    }
}

/// The header's value if it is there exactly once: of two nobody knows which is the balancer's.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok()
}

/// A number of exactly that many lower-case hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let well_formed = text.len() == digits && text.bytes().all(lower_hex);
    well_formed.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// A number of decimal digits only; the standard parser would take a sign as well.
fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn option_bits(text: &str) -> Option<u64> {
    decimal(text.strip_prefix("o=")?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn told(context: Option<TraceContext>) -> Option<(String, Option<String>, bool)> {
        context.map(|context| (context.trace_id(), context.span_id(), context.is_sampled()))
    }

    #[test]
    fn reads_a_traceparent() {
        let expected = (TRACE.to_owned(), Some("b7ad6b7169203331".to_owned()), true);
        assert_eq!(told(TraceContext::from_traceparent(PARENT)), Some(expected));
        let unsampled = TraceContext::from_traceparent(&PARENT.replace("-01", "-02"));
        assert_eq!(unsampled.map(|context| context.is_sampled()), Some(false));
    }

    #[test]
    fn reads_later_versions_of_traceparent() {
        let later = PARENT.replacen("00-", "01-", 1);
        assert!(TraceContext::from_traceparent(&later).is_some());
        assert!(TraceContext::from_traceparent(&format!("{later}-what-comes")).is_some());
    }

    #[test]
    fn refuses_a_traceparent_that_is_not_quite_right() {
        let bad = [
            String::new(),
            PARENT.replacen("00-", "ff-", 1),
            PARENT.to_uppercase(),
            format!("{PARENT}-more"),
            format!("{PARENT} "),
            PARENT.replace(TRACE, &"0".repeat(32)),
            PARENT.replace("b7ad6b7169203331", &"0".repeat(16)),
            PARENT.replace("b7ad", "+7ad"),
            PARENT.replace("-01", "-1"),
            PARENT.replace("-01", ""),
        ];
        for text in bad {
            assert_eq!(TraceContext::from_traceparent(&text), None, "{text}");
        }
    }

    #[test]
    fn reads_the_cloud_trace_header() {
        let full = TraceContext::from_cloud_trace(&format!("{TRACE}/1;o=1"));
        assert_eq!(told(full), Some((TRACE.to_owned(), Some("0000000000000001".to_owned()), true)));
        for short in [TRACE.to_owned(), format!("{TRACE}/0"), format!("{TRACE};o=0")] {
            assert_eq!(told(TraceContext::from_cloud_trace(&short)), Some((TRACE.to_owned(), None, false)), "{short}");
        }
    }

    #[test]
    fn refuses_a_cloud_trace_header_that_is_not_quite_right() {
        for bad in ["", "/1", "x/1", "/;o=1", "0/1"] {
            assert_eq!(TraceContext::from_cloud_trace(bad), None, "{bad}");
        }
        for rest in ["/", "/+1", "/-1", "/1;", "/1;o=", "/1;o=x", "/1;p=1", "/99999999999999999999", "/1 "] {
            let text = format!("{TRACE}{rest}");
            assert!(TraceContext::from_cloud_trace(&text).is_none_or(|context| context.span.is_none()), "{text}");
        }
    }

    #[test]
    fn prefers_traceparent_and_distrusts_doubles() {
        let mut headers = HeaderMap::new();
        headers.insert("x-cloud-trace-context", format!("{}/7", "1".repeat(32)).parse().unwrap());
        assert_eq!(TraceContext::of(&headers).map(|context| context.trace_id()), Some("1".repeat(32)));
        headers.insert("traceparent", PARENT.parse().unwrap());
        assert_eq!(TraceContext::of(&headers).map(|context| context.trace_id()), Some(TRACE.to_owned()));
        headers.append("traceparent", PARENT.parse().unwrap());
        headers.append("x-cloud-trace-context", TRACE.parse().unwrap());
        assert_eq!(TraceContext::of(&headers), None);
    }

    proptest! {
        #[test]
        fn never_panics_and_tells_only_hexadecimal(text in "\\PC{0,70}|[0-9a-f/;=o-]{0,70}") {
            for context in [TraceContext::from_traceparent(&text), TraceContext::from_cloud_trace(&text)] {
                let trace = context.map(|context| context.trace_id()).unwrap_or_default();
                prop_assert!(trace.bytes().all(|byte| byte.is_ascii_hexdigit()));
            }
        }
    }
}
