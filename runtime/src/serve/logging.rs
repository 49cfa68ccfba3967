//! Where log lines go: standard output under Lambda, standard error elsewhere.
//!
//! Libraries that print messages or requests at finer levels are held at `warn` whatever the setting, and rmcp says nothing: tokens,
//! arguments and URIs pass through them.

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

use crate::config::{LogFormat, Place, Settings};

/// Crates through which requests pass.
const TALKATIVE: [&str; 8] =
    ["lambda_http", "lambda_runtime", "lambda_runtime_api_client", "hyper", "hyper_util", "h2", "rustls", "aws_"];

/// Begins to log. A process that logs already goes on as it does.
pub(super) fn start(settings: &Settings) {
    let subscriber: Box<dyn Subscriber + Send + Sync> = match settings.place {
        Place::Lambda => subscriber(settings, std::io::stdout),
        Place::Local => subscriber(settings, std::io::stderr),
    };
    let _ = tracing::subscriber::set_global_default(subscriber);
}

fn subscriber<W>(settings: &Settings, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_target(false).with_ansi(false).with_writer(writer);
    // It would tell of them by `eprintln!`, which panics where standard error is gone.
    let layer = layer.log_internal_errors(false);
    let layer = match settings.log_format {
        LogFormat::Json => layer.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
        LogFormat::Text => layer.boxed(),
    };
    Box::new(Registry::default().with(filter(settings.log_level)).with(layer))
}

fn filter(level: LevelFilter) -> Targets {
    let quiet = level.min(LevelFilter::WARN);
    // It repeats what clients are answered with, and takes one that leaves for a fault.
    let filter = Targets::new().with_default(level).with_target("rmcp", LevelFilter::OFF);
    TALKATIVE.iter().fold(filter, |filter, name| filter.with_target(*name, quiet))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn no_level_makes_the_talkative_talk() {
        for level in [LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::INFO] {
            let filter = filter(level);
            for target in ["lambda_runtime", "lambda_http", "hyper", "aws_smithy_runtime"] {
                assert!(
                    !filter.would_enable(target, &Level::INFO) && filter.would_enable(target, &Level::WARN),
                    "{target}"
                );
            }
            assert!(!filter.would_enable("rmcp", &Level::ERROR));
        }
        assert!(filter(LevelFilter::DEBUG).would_enable("notes::tools", &Level::DEBUG));
        assert!(!filter(LevelFilter::OFF).would_enable("rmcp", &Level::ERROR));
    }
}
