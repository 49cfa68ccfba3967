//! The destination and form of log lines: standard output under Lambda, standard error elsewhere.
//!
//! Tokens, arguments and URIs pass through libraries that log messages or requests at finer levels.
//! These stay at `warn` whatever [`Settings::log_level`] is, and rmcp is off.

use std::io::{self, Write};

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

use crate::config::{LogFormat, Platform, Settings};
use crate::printable;

/// The crates, by the beginning of their log targets, through which requests pass.
const REQUEST_CRATES: [&str; 8] = [
    "lambda_http",
    "lambda_runtime",
    "lambda_runtime_api_client",
    "hyper",
    "hyper_util",
    "h2",
    "rustls",
    "aws_",
];

/// Installs the log subscriber of these [`Settings`] and the log line of panics. A process that has
/// a subscriber keeps it.
pub(super) fn start(settings: &Settings) {
    let subscriber: Box<dyn Subscriber + Send + Sync> = match settings.platform {
        Platform::Lambda => build_subscriber(settings, std::io::stdout),
        Platform::Local => build_subscriber(settings, std::io::stderr),
    };
    let _ = tracing::subscriber::set_global_default(subscriber);
    std::panic::set_hook(Box::new(log_panic));
}

/// Logs the source position of a panic, and not its message, which may quote an argument or a
/// profile. Rust's own hook would print it.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    tracing::error!(place, "a function panicked");
}

/// Builds a subscriber that writes [`Printable`] lines.
fn build_subscriber<W>(settings: &Settings, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_ansi(false)
        .with_writer(writer);
    // The layer would report a failed write by `eprintln!`, which panics where standard error is
    // closed: a server must outlive the terminal it was started in.
    let layer = layer.log_internal_errors(false);
    let format = settings.log_format;
    let layer = layer.map_writer(|writer| Printable { writer, format });
    let layer = match format {
        LogFormat::Json => layer
            .json()
            .flatten_event(true)
            .with_current_span(false)
            // The span of the call and the author's own within it. The line of the call itself is
            // written outside of all spans.
            .with_span_list(true)
            .boxed(),
        LogFormat::Text => layer.boxed(),
    };
    Box::new(
        Registry::default()
            .with(build_filter(settings.log_level))
            .with(layer),
    )
}

/// A maker of [`PrintableWriter`]s.
struct Printable<M> {
    writer: M,
    format: LogFormat,
}

impl<'w, M: MakeWriter<'w>> MakeWriter<'w> for Printable<M> {
    type Writer = PrintableWriter<M::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        PrintableWriter {
            writer: self.writer.make_writer(),
            format: self.format,
        }
    }
}

/// A writer of log lines without characters that a terminal would obey
/// ([`is_printable`](crate::printable::is_printable)).
///
/// Paths and upstream messages are chosen by others. A line's end within an event would begin a
/// line that looks like another event, so it becomes a space.
struct PrintableWriter<W> {
    writer: W,
    format: LogFormat,
}

impl<W: Write> Write for PrintableWriter<W> {
    /// Writes one event, which is how the formatter hands them over.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // In JSON the formatter has escaped line ends already, as every string in JSON does
        // (RFC 8259 §7); the remaining characters are escaped, too, and nothing is lost.
        let text = String::from_utf8_lossy(event);
        let line = match self.format {
            LogFormat::Json => printable::clean_json(&text),
            LogFormat::Text => format!(
                "{}\n",
                printable::clean(text.trim_end_matches('\n')).replace('\n', " ")
            )
            .into(),
        };
        self.writer.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Builds the filter of a level, with the exceptions of this module.
fn build_filter(level: LevelFilter) -> Targets {
    let quiet = level.min(LevelFilter::WARN);
    // rmcp logs the errors that clients are answered with, which may quote arguments, and a client
    // that hangs up as an error.
    let filter = Targets::new()
        .with_default(level)
        .with_target("rmcp", LevelFilter::OFF);
    REQUEST_CRATES
        .iter()
        .fold(filter, |filter, name| filter.with_target(*name, quiet))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use tracing::Level;

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn words_of_others_move_no_cursor_and_begin_no_line() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let mut settings = Settings::read(
                &std::collections::BTreeMap::from([("HOME".into(), "/".into())]),
                "notes",
            )
            .expect("valid");
            settings.log_format = format;
            let captured = Captured::default();
            let hostile = "x\u{1b}]0;T\u{7}\n2026-01-01 INFO forged\r\u{9b}2J\u{202e}y";
            let writer = captured.clone();
            tracing::subscriber::with_default(
                build_subscriber(&settings, move || writer.clone()),
                || {
                    tracing::warn!(cause = %hostile, path = hostile, "{hostile}");
                    tracing::warn!("next");
                },
            );
            let log =
                String::from_utf8(captured.0.lock().expect("unpoisoned").clone()).expect("UTF-8");
            assert_eq!(log.lines().count(), 2, "{format:?}: {log:?}");
            assert!(
                log.chars().all(printable::is_printable),
                "{format:?}: {log:?}"
            );
        }
    }

    #[test]
    fn no_level_makes_the_talkative_talk() {
        for level in [LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::INFO] {
            let filter = build_filter(level);
            for target in [
                "lambda_runtime",
                "lambda_http",
                "hyper",
                "aws_smithy_runtime",
            ] {
                assert!(
                    !filter.would_enable(target, &Level::INFO)
                        && filter.would_enable(target, &Level::WARN),
                    "{target}"
                );
            }
            assert!(!filter.would_enable("rmcp", &Level::ERROR));
        }
        assert!(build_filter(LevelFilter::DEBUG).would_enable("notes::tools", &Level::DEBUG));
        assert!(!build_filter(LevelFilter::OFF).would_enable("rmcp", &Level::ERROR));
    }
}
