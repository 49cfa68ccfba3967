//! GitHub as users meet it: the app in memory, and behind it a GitHub on loopback that speaks the shapes of its documentation.
//!
//! No test asks the real GitHub.

mod accounts;
mod laws;
mod limits;
mod pages;
mod redirects;
mod refusals;
mod tools;
mod upstream;
mod world;

#[test]
fn the_app_is_well_made() {
    assert_eq!(github::app().check(), Ok(()));
}
