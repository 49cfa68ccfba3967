//! An extractor with app state: the caller's tenant, looked up by the domain of the email address.
//!
//! A handler takes a [`Tenant`] as any other parameter. No client can send one: it comes from the verified caller alone.

use std::collections::HashMap;
use std::sync::Arc;

use mcp_lambda::call::{ArgumentSchema, Call, FromCall};
use mcp_lambda::prelude::*;

/// An organization whose people use the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The name for people.
    pub name: String,
    /// The region in which its data are stored, such as `eu-north-1`.
    pub region: String,
}

/// The [`Tenant`]s by email domain: the app's state, shared by all calls.
#[derive(Clone, Debug, Default)]
pub struct Tenants(Arc<HashMap<String, Tenant>>);

impl Tenants {
    /// Creates a directory of domains and their [`Tenant`]s.
    #[must_use]
    pub fn new(tenants: impl IntoIterator<Item = (&'static str, Tenant)>) -> Self {
        let tenants = tenants.into_iter();
        Self(Arc::new(
            tenants
                .map(|(domain, tenant)| (domain.to_owned(), tenant))
                .collect(),
        ))
    }

    /// Returns the [`Tenant`] of an email address.
    #[must_use]
    pub fn find(&self, email: &Email) -> Option<&Tenant> {
        let (_, domain) = email.as_str().rsplit_once('@')?;
        self.0.get(domain)
    }
}

impl FromCall for Tenant {
    async fn from_call(call: &Call) -> Result<Self> {
        let user = CurrentUser::from_call(call).await?;
        let tenants = State::<Tenants>::from_call(call).await?;
        let tenant = tenants.find(user.email()).cloned();
        tenant.ok_or_else(|| {
            Error::forbidden(
                "your email address belongs to no tenant; ask an operator to add its domain",
            )
        })
    }

    /// Declares that the app must have [`Tenants`]: an app without them is refused at its start, and not at the first
    /// call.
    fn declare(schema: &mut ArgumentSchema) {
        State::<Tenants>::declare(schema);
    }
}

/// The tools.
#[tools]
pub mod tools {
    use mcp_lambda::prelude::*;

    use super::Tenant;

    /// The caller's organization: an alias is the same extractor.
    pub type Organization = Tenant;

    /// Names the region in which the data of the caller's organization are stored.
    #[tool(read_only, idempotent)]
    pub async fn region(tenant: Tenant) -> String {
        tenant.region
    }

    /// Greets the caller in the name of the organization.
    #[tool(read_only, idempotent)]
    pub async fn greet(
        organization: Organization,
        user: CurrentUser,
        /// The greeting.
        #[arg(default = "Hello", max_length = 20)]
        greeting: String,
    ) -> String {
        format!("{greeting}, {} of {}!", user.email(), organization.name)
    }
}

/// Makes the app for these [`Tenants`].
#[must_use]
pub fn app(tenants: Tenants) -> App {
    App::new("tenants").tools(tools::tools()).state(tenants)
}

#[cfg(test)]
mod tests {
    use mcp_lambda::testkit::{TestApp, block_on};
    use serde_json::json;

    use super::*;

    fn tenants() -> Tenants {
        let tenant = |name: &str, region: &str| Tenant {
            name: name.to_owned(),
            region: region.to_owned(),
        };
        Tenants::new([
            ("example.com", tenant("Example", "eu-north-1")),
            ("example.org", tenant("Example Foundation", "us-east-1")),
        ])
    }

    #[test]
    fn each_caller_is_of_the_tenant_of_the_own_domain() {
        block_on(async {
            let app = TestApp::new(app(tenants())).await;
            for (email, region) in [
                ("alice@example.com", "eu-north-1"),
                ("bob@example.org", "us-east-1"),
            ] {
                let answer = app.user(email).await.call("region", json!({})).await;
                assert_eq!(answer.tool_text(), region);
            }
            let mallory = app.user("mallory@example.net").await;
            let refusal = mallory.call("region", json!({})).await;
            assert!(refusal.is_tool_error());
            assert!(
                refusal.tool_text().contains("no tenant"),
                "{}",
                refusal.text
            );
        });
    }

    #[test]
    fn a_client_sees_no_tenant_among_the_arguments_and_can_send_none() {
        block_on(async {
            let app = TestApp::new(app(tenants())).await;
            let alice = app.user("alice@example.com").await;
            let tools = alice.tools().await;
            let greet = tools.iter().find(|tool| tool["name"] == "greet");
            let schema = &greet.expect("it is listed")["inputSchema"];
            let names: Vec<_> = schema["properties"]
                .as_object()
                .expect("one")
                .keys()
                .collect();
            assert_eq!(names, ["greeting"]);
            assert_eq!(schema["properties"]["greeting"]["maxLength"], 20);
            let forged =
                json!({"organization": {"name": "Example Foundation", "region": "us-east-1"}});
            let answer = alice.call("greet", forged).await;
            assert_eq!(answer.tool_text(), "Hello, alice@example.com of Example!");
            let long = alice
                .call("greet", json!({"greeting": "x".repeat(21)}))
                .await;
            assert!(
                long.tool_text()
                    .contains("`greeting` must have 20 characters or fewer")
            );
        });
    }

    #[test]
    fn an_app_without_tenants_is_refused_at_its_start() {
        let problems = App::new("tenants").tools(tools::tools()).check();
        let problems = problems.expect_err("a state is missing");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("tenant::Tenants"), "{problems:?}");
    }
}
