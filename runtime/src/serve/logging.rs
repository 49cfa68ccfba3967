//! Where log lines go: standard output under Lambda, standard error elsewhere.
//!
//! Libraries that print messages or requests at finer levels are held at `warn` whatever the setting, and rmcp says nothing: tokens,
//! arguments and URIs pass through them.

use std::io::{self, Write};

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

use crate::config::{LogFormat, Place, Settings};
use crate::printable;

/// Crates through which requests pass.
const TALKATIVE: [&str; 8] = [
    "lambda_http",
    "lambda_runtime",
    "lambda_runtime_api_client",
    "hyper",
    "hyper_util",
    "h2",
    "rustls",
    "aws_",
];

/// Begins to log. A process that logs already goes on as it does.
pub(super) fn start(settings: &Settings) {
    let subscriber: Box<dyn Subscriber + Send + Sync> = match settings.place {
        Place::Lambda => subscriber(settings, std::io::stdout),
        Place::Local => subscriber(settings, std::io::stderr),
    };
    let _ = tracing::subscriber::set_global_default(subscriber);
    std::panic::set_hook(Box::new(log_panic));
}

/// Logs where a panic happened. What it says may quote an argument or a profile, and Rust's own hook prints it.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    tracing::error!(place, "a function panicked");
}

fn subscriber<W>(settings: &Settings, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_ansi(false)
        .with_writer(writer);
    // It would tell of them by `eprintln!`, which panics where standard error is gone.
    let layer = layer.log_internal_errors(false);
    let format = settings.log_format;
    let layer = layer.map_writer(|writer| Printable { writer, format });
    let layer = match format {
        LogFormat::Json => layer
            .json()
            .flatten_event(true)
            .with_current_span(false)
            // The span of the call, and an author's own ones within it; the line of the call itself is outside of all.
            .with_span_list(true)
            .boxed(),
        LogFormat::Text => layer.boxed(),
    };
    Box::new(
        Registry::default()
            .with(filter(settings.log_level))
            .with(layer),
    )
}

/// Makes writers whose lines hold what others chose (a path, an upstream's words) as a terminal shows it and no more. A line's
/// end within an event would begin what looks like another event.
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

struct PrintableWriter<W> {
    writer: W,
    format: LogFormat,
}

impl<W: Write> Write for PrintableWriter<W> {
    /// Writes one event, which is how the formatter hands them over.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
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

fn filter(level: LevelFilter) -> Targets {
    let quiet = level.min(LevelFilter::WARN);
    // It repeats what clients are answered with, and takes one that leaves for a fault.
    let filter = Targets::new()
        .with_default(level)
        .with_target("rmcp", LevelFilter::OFF);
    TALKATIVE
        .iter()
        .fold(filter, |filter, name| filter.with_target(*name, quiet))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use tracing::Level;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
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
            .expect("lawful");
            settings.log_format = format;
            let (kept, hostile) = (
                Kept::default(),
                "x\u{1b}]0;T\u{7}\n2026-01-01 INFO forged\r\u{9b}2J\u{202e}y",
            );
            let writer = kept.clone();
            tracing::subscriber::with_default(
                subscriber(&settings, move || writer.clone()),
                || {
                    tracing::warn!(cause = %hostile, path = hostile, "{hostile}");
                    tracing::warn!("next");
                },
            );
            let log = String::from_utf8(kept.0.lock().expect("unpoisoned").clone()).expect("UTF-8");
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
            let filter = filter(level);
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
        assert!(filter(LevelFilter::DEBUG).would_enable("notes::tools", &Level::DEBUG));
        assert!(!filter(LevelFilter::OFF).would_enable("rmcp", &Level::ERROR));
    }
}
