//! Services that answer in XML: recorded in the shape that the AWS CLI prints, only the members that are read.

use aws_sdk_rds::types::Filter;
use serde_json::{Map, Value, json};

use super::answer::{Named, as_printed_xml};
use super::clients::send;
use super::{Clients, Reply, Request};

pub(super) async fn ask(clients: &Clients, name: &str, request: Request<'_>) -> Option<Reply> {
    match name {
        "cloudformation.list-stacks" => stacks(clients, request).await,
        "docdb.describe-db-clusters" => db_clusters(clients, Some("docdb"), request).await,
        "neptune.describe-db-clusters" => db_clusters(clients, Some("neptune"), request).await,
        "rds.describe-db-clusters" => db_clusters(clients, None, request).await,
        "rds.describe-db-instances" => db_instances(clients, request).await,
        "redshift.describe-clusters" => redshift_clusters(clients, request).await,
        "s3api.list-buckets" => buckets(clients, request).await,
        _ => None,
    }
}

/// An object of what there is: a member that AWS left out stays out.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let told = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(told.map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A page of a list; one that AWS left out stays out.
fn page<T>(
    list: (&str, Option<Vec<T>>),
    token: (&str, Option<String>),
    item: impl Fn(T) -> Value,
) -> (Value, Named) {
    let mut body = Map::new();
    if let Some(items) = list.1 {
        body.insert(list.0.to_owned(), items.into_iter().map(item).collect());
    }
    if let Some(next) = &token.1 {
        body.insert(token.0.to_owned(), Value::from(next.as_str()));
    }
    (Value::Object(body), Named::page(token.1))
}

/// Tags as most services spell them; none told is not the same as none.
fn tags<T>(told: Option<Vec<T>>, pair: fn(T) -> (Option<String>, Option<String>)) -> Value {
    let tag = |(key, value)| json!({ "Key": key, "Value": value });
    told.map_or(Value::Null, |it| it.into_iter().map(pair).map(tag).collect())
}

async fn stacks(clients: &Clients, request: Request<'_>) -> Option<Reply> {
    let sent =
        send!(clients, clients.cloudformation().list_stacks().set_next_token(request.text("NextToken")));
    as_printed_xml(sent, |out| {
        page(("StackSummaries", out.stack_summaries), ("NextToken", out.next_token), |it| {
            object([
                ("StackId", json!(it.stack_id)),
                ("StackName", json!(it.stack_name)),
                ("StackStatus", json!(it.stack_status.as_ref().map(|it| it.as_str()))),
                ("ParentId", json!(it.parent_id)),
            ])
        })
    })
}

/// RDS lists the clusters of DocumentDB and Neptune too, by their engine.
async fn db_clusters(clients: &Clients, engine: Option<&str>, request: Request<'_>) -> Option<Reply> {
    let filter = |engine: &str| Filter::builder().name("engine").values(engine).build();
    let filters = engine.map(|it| vec![filter(it)]);
    let sent = send!(
        clients,
        clients
            .rds()
            .describe_db_clusters()
            .set_filters(filters)
            .set_max_records(request.number("MaxRecords"))
            .set_marker(request.text("Marker"))
    );
    as_printed_xml(sent, |out| {
        page(("DBClusters", out.db_clusters), ("Marker", out.marker), |it| {
            object([
                ("DBClusterArn", json!(it.db_cluster_arn)),
                ("DBClusterIdentifier", json!(it.db_cluster_identifier)),
                ("Engine", json!(it.engine)),
                ("Status", json!(it.status)),
                ("StorageEncrypted", json!(it.storage_encrypted)),
                ("TagList", tags(it.tag_list, |it| (it.key, it.value))),
            ])
        })
    })
}

async fn db_instances(clients: &Clients, request: Request<'_>) -> Option<Reply> {
    let sent = send!(
        clients,
        clients
            .rds()
            .describe_db_instances()
            .set_max_records(request.number("MaxRecords"))
            .set_marker(request.text("Marker"))
    );
    as_printed_xml(sent, |out| {
        page(("DBInstances", out.db_instances), ("Marker", out.marker), |it| {
            object([
                ("DBInstanceArn", json!(it.db_instance_arn)),
                ("DBInstanceIdentifier", json!(it.db_instance_identifier)),
                ("DBClusterIdentifier", json!(it.db_cluster_identifier)),
                ("DBInstanceStatus", json!(it.db_instance_status)),
                ("Engine", json!(it.engine)),
                ("StorageEncrypted", json!(it.storage_encrypted)),
                ("TagList", tags(it.tag_list, |it| (it.key, it.value))),
            ])
        })
    })
}

async fn redshift_clusters(clients: &Clients, request: Request<'_>) -> Option<Reply> {
    let sent = send!(
        clients,
        clients
            .redshift()
            .describe_clusters()
            .set_max_records(request.number("MaxRecords"))
            .set_marker(request.text("Marker"))
    );
    as_printed_xml(sent, |out| {
        page(("Clusters", out.clusters), ("Marker", out.marker), |it| {
            object([
                ("ClusterIdentifier", json!(it.cluster_identifier)),
                ("ClusterStatus", json!(it.cluster_status)),
                ("Encrypted", json!(it.encrypted)),
                ("Tags", tags(it.tags, |it| (it.key, it.value))),
            ])
        })
    })
}

async fn buckets(clients: &Clients, request: Request<'_>) -> Option<Reply> {
    let sent = send!(
        clients,
        clients
            .s3()
            .list_buckets()
            .set_max_buckets(request.number("MaxBuckets"))
            .set_continuation_token(request.text("ContinuationToken"))
    );
    as_printed_xml(sent, |out| {
        page(("Buckets", out.buckets), ("ContinuationToken", out.continuation_token), |it| {
            object([("Name", json!(it.name)), ("BucketRegion", json!(it.bucket_region))])
        })
    })
}
