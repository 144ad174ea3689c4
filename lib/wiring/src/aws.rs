//! Files, jobs and letters at AWS where the settings name them, in builds that have it; and settings that lie there.

use std::sync::Arc;

use dzinza_config::{Secrets, Settings};
use dzinza_ports::{Clock, Ids};
use dzinza_sqlite::BlobUrls;

use crate::{OpenError, Stores};

/// What a bucket needs of the stores around it.
#[cfg_attr(not(feature = "s3"), expect(dead_code, reason = "without S3 there is no bucket"))]
pub(crate) struct Surroundings<'a> {
    pub(crate) secrets: &'a Secrets,
    pub(crate) clock: &'a Arc<dyn Clock>,
    pub(crate) ids: &'a Arc<dyn Ids>,
    pub(crate) file_urls: &'a BlobUrls,
}

impl Stores {
    /// The same with files in the bucket and jobs in the queue that the settings name, if they name any. Nothing is
    /// asked of either before [`Stores::ready`].
    ///
    /// # Errors
    /// If they cannot be used as they are named, or this program was built without them.
    pub fn with_aws(mut self, settings: &Settings) -> Result<Self, OpenError> {
        if !settings.s3_bucket_name.is_empty() {
            let Self { secrets, clock, ids, file_urls, .. } = &self;
            let (blobs, ready) = files(settings, &Surroundings { secrets, clock, ids, file_urls })?;
            (self.blobs, self.bucket) = (blobs, Some(ready));
        }
        if !settings.jobs_queue_url.is_empty() {
            self.queue = jobs(settings, &self.secrets, &self.clock, Some(self.queue.clone()))?;
        }
        Ok(self)
    }
}

/// The address of the OpenSearch domain of this name, which AWS is asked for: that in our network if it has one. None if
/// there is no such domain, or it is still being made.
///
/// # Errors
/// If AWS cannot be asked.
#[cfg(feature = "opensearch")]
pub async fn search_domain(
    settings: &Settings,
    secrets: &dzinza_config::Secrets,
    domain: &str,
) -> Result<Option<String>, OpenError> {
    let endpoint = ("AWS_ENDPOINT_URL", &*settings.aws_endpoint_url);
    let account = account(&settings.aws_region, endpoint, secrets.aws.as_ref())?;
    let found = dzinza_aws::domain_endpoint(&account, domain).await;
    found.map_err(|error| OpenError::Setting {
        variable: format!("the OpenSearch domain {domain}"),
        problem: format!("cannot be looked up: {}", error.context()),
    })
}

#[cfg(not(feature = "s3"))]
pub(crate) fn files(
    _: &Settings,
    _: &Surroundings<'_>,
) -> Result<(Arc<dyn dzinza_ports::Blobs>, crate::Ready), OpenError> {
    Err(not_built("S3_BUCKET_NAME", "S3", "s3"))
}

#[cfg(not(feature = "sqs"))]
pub(crate) fn jobs(
    _: &Settings,
    _: &Secrets,
    _: &Arc<dyn Clock>,
    _: Option<Arc<dyn dzinza_ports::Queue>>,
) -> Result<Arc<dyn dzinza_ports::Queue>, OpenError> {
    Err(not_built("JOBS_QUEUE_URL", "SQS", "sqs"))
}

/// Whoever names a service must not believe that it is used.
#[cfg(not(all(feature = "s3", feature = "sqs", feature = "ses", feature = "secrets")))]
pub(crate) fn not_built(variable: &str, service: &str, feature: &str) -> OpenError {
    let problem =
        format!("names {service}, but this program was built without it (cargo feature `{feature}`)");
    OpenError::Setting { variable: variable.to_owned(), problem }
}

#[cfg(any(
    feature = "opensearch",
    feature = "s3",
    feature = "sqs",
    feature = "ses",
    feature = "secrets"
))]
pub(crate) use built::account;
#[cfg(feature = "s3")]
pub(crate) use built::files;
#[cfg(feature = "sqs")]
pub(crate) use built::jobs;

#[cfg(any(feature = "opensearch", feature = "s3", feature = "sqs", feature = "ses", feature = "secrets"))]
mod built {
    #[cfg(any(feature = "s3", feature = "sqs"))]
    use std::sync::Arc;

    use dzinza_aws::{Account, AccountError, AccountSettings, Keys};
    use dzinza_config::AwsKeys;
    #[cfg(any(feature = "s3", feature = "sqs"))]
    use dzinza_config::Settings;

    use crate::OpenError;

    fn bad(endpoint: &'static str) -> impl Fn(AccountError) -> OpenError {
        move |error| {
            let variable = if error == AccountError::Region { "AWS_REGION" } else { endpoint };
            OpenError::Setting { variable: variable.to_owned(), problem: error.to_string() }
        }
    }

    /// Whose services, and at which of two addresses.
    pub(crate) fn account(
        region: &str,
        (variable, endpoint): (&'static str, &str),
        keys: Option<&AwsKeys>,
    ) -> Result<Account, OpenError> {
        let keys = keys.cloned().map(|keys| Keys {
            id: keys.id,
            secret: keys.secret,
            session_token: keys.session_token,
        });
        let endpoint = Some(endpoint.to_owned()).filter(|endpoint| !endpoint.is_empty());
        let settings = AccountSettings { region: region.to_owned(), endpoint, keys };
        Account::new(settings).map_err(bad(variable))
    }

    /// The files in the bucket that the settings name, and whether it is there.
    #[cfg(feature = "s3")]
    pub(crate) fn files(
        settings: &Settings,
        around: &super::Surroundings<'_>,
    ) -> Result<(Arc<dyn dzinza_ports::Blobs>, crate::Ready), OpenError> {
        use dzinza_aws::{Encryption, S3Blobs, S3Settings};
        use dzinza_ports::StoreErrorKind;

        let key = Some(settings.s3_kms_key_id.clone()).filter(|key| !key.is_empty());
        let encryption = match settings.s3_server_side_encryption.as_str() {
            "" => Encryption::OfTheBucket,
            "AES256" => Encryption::Aes256,
            _ => Encryption::Kms(key),
        };
        let elsewhere = &settings.s3_endpoint_url;
        let endpoint = match elsewhere.as_str() {
            "" => ("AWS_ENDPOINT_URL", &*settings.aws_endpoint_url),
            endpoint => ("S3_ENDPOINT_URL", endpoint),
        };
        let account = account(&settings.aws_region, endpoint, around.secrets.aws.as_ref())?;
        let public = Some(settings.s3_public_endpoint_url.clone()).filter(|address| !address.is_empty());
        let through_gateway = public.is_none() && !elsewhere.is_empty();
        let bucket = S3Settings {
            bucket: settings.s3_bucket_name.clone(),
            path_style: settings.s3_force_path_style,
            public_endpoint: public,
            encryption,
        };
        let blobs = S3Blobs::new(&account, bucket, around.clock.clone(), around.ids.clone())
            .map_err(bad("S3_PUBLIC_ENDPOINT_URL"))?;
        let (looked_at, make) = (blobs.clone(), settings.s3_create_bucket_if_not_exists);
        let ready: crate::Ready = Arc::new(move || {
            let blobs = looked_at.clone();
            Box::pin(async move {
                match blobs.prepare(make).await {
                    Err(error) if error.kind() == StoreErrorKind::Invalid => Err(OpenError::Setting {
                        variable: "S3_BUCKET_NAME".to_owned(),
                        problem: format!("cannot be used: {}", error.context()),
                    }),
                    Err(error) => {
                        tracing::warn!(%error, "the bucket of the files cannot be reached yet");
                        Ok(())
                    }
                    Ok(()) => Ok(()),
                }
            })
        });
        if through_gateway {
            let urls = around.file_urls.clone();
            return Ok((Arc::new(crate::gateway::ThroughGateway { blobs, urls }), ready));
        }
        Ok((blobs, ready))
    }

    /// The jobs in the queue that the settings name, and what comes from the data folder's own, if there is one.
    #[cfg(feature = "sqs")]
    pub(crate) fn jobs(
        settings: &Settings,
        secrets: &dzinza_config::Secrets,
        clock: &Arc<dyn dzinza_ports::Clock>,
        own: Option<Arc<dyn dzinza_ports::Queue>>,
    ) -> Result<Arc<dyn dzinza_ports::Queue>, OpenError> {
        use std::collections::BTreeMap;
        use std::time::Duration;

        use dzinza_aws::{QueueUrls, SqsQueue, SqsSettings};
        use dzinza_domain::import::JOBS_QUEUE;

        /// Long enough not to ask all the time, short enough for what comes from the data folder meanwhile.
        const WAIT: Duration = Duration::from_secs(1);

        let endpoint = ("AWS_ENDPOINT_URL", &*settings.aws_endpoint_url);
        let account = account(&settings.aws_region, endpoint, secrets.aws.as_ref())?;
        let dead = Some(settings.jobs_dead_letter_queue_url.clone()).filter(|url| !url.is_empty());
        let urls = QueueUrls { url: settings.jobs_queue_url.clone(), dead_letters: dead };
        let queues = BTreeMap::from([(JOBS_QUEUE.to_owned(), urls)]);
        let far = SqsQueue::new(&account, SqsSettings { queues, wait: WAIT }, clock.clone());
        Ok(match own {
            Some(own) => Arc::new(crate::relay::Relayed { name: JOBS_QUEUE, own, far }),
            None => far,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(pairs: &[(&str, &str)]) -> Result<Stores, String> {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::from_environment(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        let stores = Stores::open(folder.path()).unwrap();
        stores.with_aws(&settings.unwrap()).map_err(|error| error.to_string())
    }

    const BUCKET: (&str, &str) = ("S3_BUCKET_NAME", "files");
    const QUEUE: (&str, &str) = ("JOBS_QUEUE_URL", "https://sqs.af-south-1.amazonaws.com/1/jobs");

    #[test]
    fn nothing_named_is_the_data_folder() {
        assert!(opened(&[]).unwrap().bucket.is_none());
    }

    #[cfg(not(any(feature = "s3", feature = "sqs")))]
    #[test]
    fn what_is_named_and_not_built_in_is_an_error() {
        for (named, feature) in [(BUCKET, "`s3`"), (QUEUE, "`sqs`")] {
            let refused = opened(&[named]).err().unwrap();
            assert!(refused.starts_with(named.0) && refused.contains(feature), "{refused}");
        }
    }

    #[cfg(feature = "s3")]
    #[test]
    fn addresses_lead_where_browsers_can_go() {
        use std::time::Duration;

        let keys = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];
        let store = [("S3_ENDPOINT_URL", "http://garage1:39000"), ("S3_FORCE_PATH_STYLE", "true")];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let address = |pairs: &[(&str, &str)]| {
            let folder = tempfile::tempdir().unwrap();
            let get = |name: &str| {
                let given = pairs.iter().chain(&keys).find(|(key, _)| *key == name);
                given.map(|(_, value)| (*value).to_owned())
            };
            let settings = Settings::from_environment(get).unwrap();
            let mut stores = Stores::open(folder.path()).unwrap();
            stores.secrets = dzinza_config::Secrets::from_environment(folder.path(), get).unwrap();
            let stores = stores.with_aws(&settings).unwrap();
            runtime.block_on(stores.blobs.get_url("a.txt", Duration::from_mins(1))).unwrap()
        };
        let aws = address(&[BUCKET, ("AWS_REGION", "af-south-1")]);
        assert!(aws.starts_with("https://files.s3.af-south-1.amazonaws.com/a.txt?"), "{aws}");
        let inside = address(&[&[BUCKET], &store[..]].concat());
        assert!(inside.starts_with("/blobs/a.txt?"), "{inside}");
        let public = ("S3_PUBLIC_ENDPOINT_URL", "https://files.example.org");
        let outside = address(&[&[BUCKET, public], &store[..]].concat());
        assert!(outside.starts_with("https://files.example.org/files/a.txt?"), "{outside}");
    }

    #[cfg(feature = "sqs")]
    #[test]
    fn a_queue_is_named_without_being_asked() {
        assert!(opened(&[QUEUE]).is_ok());
        assert!(opened(&[QUEUE, BUCKET]).is_ok() || !cfg!(feature = "s3"));
    }
}
