//! Services that list their resources in JSON, each with one operation.

use serde_json::json;

use super::answer::{Named, as_printed, as_sent, failure};
use super::clients::send;
use super::{Clients, Reply, Request};

pub(super) async fn ask(clients: &Clients, name: &str, request: Request<'_>) -> Option<Reply> {
    let token = request.text("NextToken").or_else(|| request.text("nextToken"));
    let size = request.number("MaxResults").or_else(|| request.number("maxResults"));
    match name {
        "backup-gateway.list-virtual-machines" => virtual_machines(clients, size, token).await,
        "dsql.list-clusters" => as_sent(
            send!(clients, clients.dsql().list_clusters().set_max_results(size).set_next_token(token)),
            |out| Named::page(out.next_token),
        ),
        "dynamodb.list-tables" => as_sent(
            send!(
                clients,
                clients
                    .dynamodb()
                    .list_tables()
                    .set_limit(request.number("Limit"))
                    .set_exclusive_start_table_name(request.text("ExclusiveStartTableName"))
            ),
            |out| Named::page(out.last_evaluated_table_name),
        ),
        "efs.describe-file-systems" => as_sent(
            send!(
                clients,
                clients
                    .efs()
                    .describe_file_systems()
                    .set_max_items(request.number("MaxItems"))
                    .set_marker(request.text("Marker"))
            ),
            |out| Named::page(out.next_marker),
        ),
        "eks.list-clusters" => as_sent(
            send!(clients, clients.eks().list_clusters().set_max_results(size).set_next_token(token)),
            |out| Named::page(out.next_token),
        ),
        "fsx.describe-file-systems" => as_sent(
            send!(clients, clients.fsx().describe_file_systems().set_max_results(size).set_next_token(token)),
            |out| Named::page(out.next_token),
        ),
        "fsx.describe-volumes" => as_sent(
            send!(clients, clients.fsx().describe_volumes().set_max_results(size).set_next_token(token)),
            |out| Named::page(out.next_token),
        ),
        "redshift-serverless.list-namespaces" => as_sent(
            send!(
                clients,
                clients.redshift_serverless().list_namespaces().set_max_results(size).set_next_token(token)
            ),
            |out| Named::page(out.next_token),
        ),
        "resourcegroupstaggingapi.get-resources" => as_sent(
            send!(
                clients,
                clients
                    .resource_groups_tagging()
                    .get_resources()
                    .set_resources_per_page(request.number("ResourcesPerPage"))
                    .set_pagination_token(request.text("PaginationToken"))
            ),
            |out| Named::page(out.pagination_token),
        ),
        "ssm-sap.list-databases" => as_sent(
            send!(clients, clients.ssm_sap().list_databases().set_max_results(size).set_next_token(token)),
            |out| Named::page(out.next_token),
        ),
        "storagegateway.list-volumes" => as_sent(
            send!(
                clients,
                clients
                    .storage_gateway()
                    .list_volumes()
                    .set_limit(request.number("Limit"))
                    .set_marker(request.text("Marker"))
            ),
            |out| Named::page(out.marker),
        ),
        "timestream-write.list-tables" => timestream_tables(clients, size, token).await,
        _ => None,
    }
}

/// AWS Backup gateway answers in CBOR.
async fn virtual_machines(clients: &Clients, size: Option<i32>, token: Option<String>) -> Option<Reply> {
    as_printed(
        send!(
            clients,
            clients.backup_gateway().list_virtual_machines().set_max_results(size).set_next_token(token)
        ),
        |out| {
            let machine = |it: aws_sdk_backupgateway::types::VirtualMachine| {
                json!({
                    "HostName": it.host_name,
                    "HypervisorId": it.hypervisor_id,
                    "Name": it.name,
                    "Path": it.path,
                    "ResourceArn": it.resource_arn,
                })
            };
            let machines = out.virtual_machines.map(|it| it.into_iter().map(machine).collect::<Vec<_>>());
            let body = match machines {
                Some(machines) => json!({ "VirtualMachines": machines, "NextToken": out.next_token }),
                None => json!({}),
            };
            (body, Named::page(out.next_token))
        },
    )
}

/// Timestream is asked at the endpoint that it names itself, unless all of AWS is elsewhere.
async fn timestream_tables(clients: &Clients, size: Option<i32>, token: Option<String>) -> Option<Reply> {
    let client = clients.timestream_write();
    let (_, endpoints) = send!(clients, client.describe_endpoints());
    let address = match endpoints {
        Ok(out) => out.endpoints.into_iter().next().map(|it| it.address),
        Err(error) => return Some(Err(failure(&error))),
    };
    let request = client.list_tables().set_max_results(size).set_next_token(token);
    let seen = clients.seen();
    let request = request.customize().interceptor(seen.clone());
    let request = match address {
        Some(address) if clients.config().endpoint_url().is_none() => {
            let endpoint =
                aws_sdk_timestreamwrite::config::Config::builder().endpoint_url(format!("https://{address}"));
            request.config_override(endpoint)
        }
        _ => request,
    };
    as_sent((seen, request.send().await), |out| Named::page(out.next_token))
}
