//! `/admin/*` and `/health`.

mod health;
mod profile;
mod tokens;
mod users;
