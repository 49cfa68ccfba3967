//! DynamoDB and Secrets Manager behind the whole house.

mod lambda;
mod secrets;
