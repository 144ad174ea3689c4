//! Where AWS, or what speaks as it does, is asked for files, queues and letters; and as whom.

use secrecy::SecretString;

use crate::secrets::{SecretsError, of_others};
use crate::settings::{Settings, SettingsError, is_web_address};
use crate::variables::{Variable, secret, variable};

/// Who we are at AWS. Printing it prints no secret.
#[derive(Debug, Clone)]
pub struct AwsKeys {
    /// The id.
    pub id: String,
    /// The secret that goes with it.
    pub secret: SecretString,
    /// What temporary keys have beside.
    pub session_token: Option<SecretString>,
}

impl AwsKeys {
    /// Reads an environment given as a function; none if it has none, as where a machine has a role.
    pub(crate) fn from_environment(
        get: &impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, SecretsError> {
        use secrecy::ExposeSecret as _;
        const ID: &str = "AWS_ACCESS_KEY_ID";
        const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
        match (of_others(ID, get)?, of_others(SECRET, get)?) {
            (Some(id), Some(secret)) => {
                let session_token = of_others("AWS_SESSION_TOKEN", get)?;
                Ok(Some(Self { id: id.expose_secret().to_owned(), secret, session_token }))
            }
            (None, None) => Ok(None),
            (Some(_), None) => Err(SecretsError::Alone(ID, SECRET)),
            (None, Some(_)) => Err(SecretsError::Alone(SECRET, ID)),
        }
    }
}

impl Settings {
    pub(crate) fn check_aws(&self) -> Result<(), SettingsError> {
        let bad = |variable, problem: &str| {
            Err(SettingsError::Impossible { variable, problem: problem.to_owned() })
        };
        self.check_aws_account()?;
        for (name, address) in [
            ("S3_ENDPOINT_URL", &self.s3_endpoint_url),
            ("S3_PUBLIC_ENDPOINT_URL", &self.s3_public_endpoint_url),
            ("JOBS_QUEUE_URL", &self.jobs_queue_url),
            ("JOBS_DEAD_LETTER_QUEUE_URL", &self.jobs_dead_letter_queue_url),
        ] {
            if !address.is_empty() && !is_endpoint(address) {
                return bad(name, "must be an address such as http://garage1:39000, or empty");
            }
        }
        let is_bucket =
            |name: &str| (3..=63).contains(&name.len()) && name.chars().all(|c| is_plain(c) || c == '.');
        if !(self.s3_bucket_name.is_empty() || is_bucket(&self.s3_bucket_name)) {
            return bad("S3_BUCKET_NAME", "must be the name of a bucket, or empty");
        }
        if self.s3_bucket_name.is_empty() && !self.s3_endpoint_url.is_empty() {
            return bad(
                "S3_ENDPOINT_URL",
                "is set, but S3_BUCKET_NAME is not, so that files would not go there",
            );
        }
        if !matches!(self.s3_server_side_encryption.as_str(), "" | "AES256" | "aws:kms") {
            return bad(
                "S3_SERVER_SIDE_ENCRYPTION",
                "must be AES256 or aws:kms, or empty for the bucket's own",
            );
        }
        if !self.s3_kms_key_id.is_empty() && self.s3_server_side_encryption != "aws:kms" {
            return bad("S3_KMS_KEY_ID", "is of use with S3_SERVER_SIDE_ENCRYPTION=aws:kms only");
        }
        if self.jobs_queue_url.is_empty() && !self.jobs_dead_letter_queue_url.is_empty() {
            return bad("JOBS_DEAD_LETTER_QUEUE_URL", "is set, but JOBS_QUEUE_URL is not");
        }
        self.check_transport()
    }

    /// What it takes to ask AWS anything.
    pub(crate) fn check_aws_account(&self) -> Result<(), SettingsError> {
        let bad = |variable, problem: &str| {
            Err(SettingsError::Impossible { variable, problem: problem.to_owned() })
        };
        if self.aws_region.is_empty() || !self.aws_region.chars().all(is_plain) {
            return bad("AWS_REGION", "must be a region such as af-south-1");
        }
        if !self.aws_endpoint_url.is_empty() && !is_endpoint(&self.aws_endpoint_url) {
            return bad("AWS_ENDPOINT_URL", "must be an address such as http://127.0.0.1:4566, or empty");
        }
        Ok(())
    }

    fn check_transport(&self) -> Result<(), SettingsError> {
        let bad = |variable, problem: &str| {
            Err(SettingsError::Impossible { variable, problem: problem.to_owned() })
        };
        match self.mail_transport.as_str() {
            "smtp" if self.smtp_host.is_empty() => {
                bad("MAIL_TRANSPORT", "is smtp, but SMTP_HOST does not say which server")
            }
            "" | "smtp" | "ses" | "folder" => Ok(()),
            _ => bad("MAIL_TRANSPORT", "must be smtp, ses or folder, or empty"),
        }
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

/// An address without a password in it.
fn is_endpoint(text: &str) -> bool {
    is_web_address(text) && !text.contains('@')
}

pub(crate) const VARIABLES: &[Variable] = &[
    variable(
        "MAIL_TRANSPORT",
        &[],
        "mail_transport",
        "text",
        "How letters are sent: `smtp`, `ses` (in builds with the feature `ses`) or `folder`; empty for `smtp` if SMTP_HOST is set, else `folder`",
    ),
    variable(
        "SES_CONFIGURATION_SET",
        &[],
        "ses_configuration_set",
        "text",
        "The configuration set that letters by SES go by; empty for none",
    ),
    variable(
        "AWS_REGION",
        &["AWS_DEFAULT_REGION"],
        "aws_region",
        "text",
        "The region of all services of AWS",
    ),
    variable(
        "AWS_ENDPOINT_URL",
        &[],
        "aws_endpoint_url",
        "text",
        "Another address for all services of AWS, for tests; empty for AWS",
    ),
    variable(
        "S3_BUCKET_NAME",
        &["S3_BUCKET"],
        "s3_bucket_name",
        "text",
        "The bucket that has the files (in builds with the feature `s3`); empty for the data folder",
    ),
    variable(
        "S3_ENDPOINT_URL",
        &["S3_ENDPOINT"],
        "s3_endpoint_url",
        "text",
        "Where the object store is (Garage, MinIO); empty for AWS",
    ),
    variable(
        "S3_PUBLIC_ENDPOINT_URL",
        &[],
        "s3_public_endpoint_url",
        "text",
        "Where browsers reach that store; if empty, and S3_ENDPOINT_URL is not, signed addresses lead through the gateway",
    ),
    variable(
        "S3_FORCE_PATH_STYLE",
        &[],
        "s3_force_path_style",
        "flag",
        "Whether the bucket stands in the path, as Garage and MinIO want it, and not in the name of the host",
    ),
    variable(
        "S3_CREATE_BUCKET_IF_NOT_EXISTS",
        &[],
        "s3_create_bucket_if_not_exists",
        "flag",
        "Whether a start makes the bucket; otherwise it refuses to start without",
    ),
    variable(
        "S3_SERVER_SIDE_ENCRYPTION",
        &[],
        "s3_server_side_encryption",
        "text",
        "`AES256` or `aws:kms`; empty for what the bucket does by itself",
    ),
    variable(
        "S3_KMS_KEY_ID",
        &[],
        "s3_kms_key_id",
        "text",
        "The key for `aws:kms`; empty for the account's key for S3",
    ),
    variable(
        "JOBS_QUEUE_URL",
        &[],
        "jobs_queue_url",
        "text",
        "The SQS queue that jobs go through (in builds with the feature `sqs`); empty for the data folder",
    ),
    variable(
        "JOBS_DEAD_LETTER_QUEUE_URL",
        &[],
        "jobs_dead_letter_queue_url",
        "text",
        "Its dead-letter queue, to tell how many jobs were given up; empty if nobody needs to know",
    ),
    secret(
        "AWS_ACCESS_KEY_ID",
        "Who we are at AWS, or at the object store; not given where the machine has a role",
    ),
    secret("AWS_SECRET_ACCESS_KEY", "The secret that goes with it"),
    secret("AWS_SESSION_TOKEN", "What temporary keys have beside"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from_environment(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn names_of_older_versions_are_read() {
        let settings =
            with(&[("S3_BUCKET", "dzinza-storage"), ("S3_ENDPOINT", "http://garage1:39000")]).unwrap();
        assert_eq!(settings.s3_bucket_name, "dzinza-storage");
        assert_eq!(settings.s3_endpoint_url, "http://garage1:39000");
        assert_eq!(with(&[]).unwrap().aws_region, "us-east-1");
    }

    #[test]
    fn impossible_settings_are_refused_by_name() {
        let bucket = ("S3_BUCKET_NAME", "files");
        for pairs in [
            &[("AWS_REGION", "")][..],
            &[("AWS_REGION", "South Africa")],
            &[("AWS_ENDPOINT_URL", "localhost:4566")],
            &[("S3_ENDPOINT_URL", "garage1:39000"), bucket],
            &[("S3_ENDPOINT_URL", "http://key:secret@garage1:39000"), bucket],
            &[("S3_ENDPOINT_URL", "http://garage1:39000")],
            &[("S3_PUBLIC_ENDPOINT_URL", "files.example.org"), bucket],
            &[("S3_BUCKET_NAME", "My Files")],
            &[("S3_BUCKET_NAME", "ab")],
            &[("S3_SERVER_SIDE_ENCRYPTION", "yes"), bucket],
            &[("S3_KMS_KEY_ID", "alias/files"), bucket],
            &[("JOBS_QUEUE_URL", "jobs")],
            &[("JOBS_DEAD_LETTER_QUEUE_URL", "https://sqs.af-south-1.amazonaws.com/1/dead")],
            &[("MAIL_TRANSPORT", "pigeon")],
            &[("MAIL_TRANSPORT", "smtp")],
        ] {
            let error = with(pairs).unwrap_err().to_string();
            assert!(error.starts_with(pairs[0].0) && !error.contains("secret@"), "{pairs:?}: {error}");
        }
    }

    #[test]
    fn keys_are_a_pair_and_never_shown() {
        let keys = |pairs: &[(&str, &str)]| {
            AwsKeys::from_environment(&|name: &str| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let both = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "s3cret")];
        let read = keys(&both).unwrap().unwrap();
        assert!(read.id == "AKIA" && read.session_token.is_none() && !format!("{read:?}").contains("s3cret"));
        assert!(keys(&[]).unwrap().is_none());
        for one in both {
            assert!(keys(&[one]).unwrap_err().to_string().starts_with(one.0));
        }
    }
}
