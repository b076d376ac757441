//! Images whose entry point is a program of its own: the words behind the image are that program's arguments.
//! It knows the published images of well-known tools by their names; what other images start is not guessed.

use crate::model::word::Word;

/// Ends of image names, and the program at their entry point.
const IMAGES: &[(&str, &str)] = &[
    ("amazon/aws-cli", "aws"),
    ("aws-cli/aws-cli", "aws"),
    ("amazon/aws-sam-cli-build-image", "sam"),
    ("bitnami/kubectl", "kubectl"),
    ("rancher/kubectl", "kubectl"),
    ("registry.k8s.io/kubectl", "kubectl"),
    ("lachlanevenson/k8s-kubectl", "kubectl"),
    ("alpine/kubectl", "kubectl"),
    ("alpine/helm", "helm"),
    ("lachlanevenson/k8s-helm", "helm"),
    ("helmfile/helmfile", "helmfile"),
    ("hashicorp/terraform", "terraform"),
    ("opentofu/opentofu", "tofu"),
    ("pulumi/pulumi", "pulumi"),
    ("hashicorp/vault", "vault"),
    ("hashicorp/consul", "consul"),
    ("hashicorp/nomad", "nomad"),
    ("flyway/flyway", "flyway"),
    ("redgate/flyway", "flyway"),
    ("liquibase/liquibase", "liquibase"),
    ("liquibase", "liquibase"),
    ("migrate/migrate", "migrate"),
    ("amacneil/dbmate", "dbmate"),
    ("arigaio/atlas", "atlas"),
    ("sqitch/sqitch", "sqitch"),
    ("dbt-labs/dbt-core", "dbt"),
    ("dbt-labs/dbt-postgres", "dbt"),
    ("dbt-labs/dbt-redshift", "dbt"),
    ("dbt-labs/dbt-bigquery", "dbt"),
    ("dbt-labs/dbt-snowflake", "dbt"),
    ("minio/mc", "mc"),
    ("d3fk/s3cmd", "s3cmd"),
    ("peakcom/s5cmd", "s5cmd"),
    ("rclone/rclone", "rclone"),
    ("restic/restic", "restic"),
    ("kopia/kopia", "kopia"),
    ("velero/velero", "velero"),
    ("alpine/git", "git"),
    ("bitnami/git", "git"),
    ("digitalocean/doctl", "doctl"),
    ("flyio/flyctl", "flyctl"),
    ("hetznercloud/cli", "hcloud"),
    ("edenhill/kcat", "kcat"),
    ("cloudflare/cloudflared", "cloudflared"),
    ("library/composer", "composer"),
    ("composer", "composer"),
    ("library/docker", "docker"),
    ("docker", "docker"),
    ("skopeo/stable", "skopeo"),
    ("regclient/regctl", "regctl"),
    ("gcrane", "gcrane"),
    ("go-containerregistry/crane", "crane"),
];

/// Puts the program of an image before the words that are handed to it.
pub(super) fn entered(image: &Word, words: &mut Vec<Word>) {
    let Some(program) = image.text().as_deref().and_then(program) else {
        return;
    };
    let named = words.first().and_then(Word::text);
    let itself = named
        .as_deref()
        .and_then(|first| first.rsplit('/').next())
        .is_some_and(|first| first == program || matches!(first, "sh" | "bash" | "ash"));
    if !words.is_empty() && !itself {
        words.insert(0, Word::literal(program, image.origin.clone()));
    }
}

fn program(image: &str) -> Option<&'static str> {
    let image = image.split('@').next().unwrap_or(image);
    let name = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    };
    IMAGES.iter().find_map(|(end, program)| {
        let before = name.strip_suffix(end)?;
        let whole = before.is_empty() || before.ends_with('/') && end.contains('/');
        whole.then_some(*program)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_under_any_registry_tag_and_digest() {
        for image in [
            "amazon/aws-cli",
            "public.ecr.aws/aws-cli/aws-cli:2.15",
            "localhost:5000/amazon/aws-cli@sha256:00",
        ] {
            assert_eq!(program(image), Some("aws"), "{image}");
        }
        for image in ["acme/amazon-aws-cli", "postgres:16", "acme/docker", "mc"] {
            assert_eq!(program(image), None, "{image}");
        }
    }
}
