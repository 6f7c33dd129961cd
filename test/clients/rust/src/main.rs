//! AWS SDK for Rust with the credentials of its environment. `test/clients/s3.test.ts` says what each command prints.
use std::error::Error;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{BucketLocationConstraint, CompletedMultipartUpload, CompletedPart, CreateBucketConfiguration};
use tokio::task::JoinSet;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["version"] => println!("{}", aws_sdk_s3::meta::PKG_VERSION),
        ["read", endpoint, bucket, key] => print!("{}", read(endpoint, bucket, key).await?),
        ["together", endpoint, bucket, key, count] => together(endpoint, bucket, key, count.parse()?).await?,
        ["use", endpoint, bucket] => use_bucket(endpoint, bucket).await?,
        _ => return Err("unknown command".into()),
    }
    Ok(())
}

async fn client(endpoint: &str) -> Client {
    let settings = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let config = aws_sdk_s3::config::Builder::from(&settings).endpoint_url(endpoint).force_path_style(true).build();
    Client::from_conf(config)
}

async fn read(endpoint: &str, bucket: &str, key: &str) -> Result<String> {
    let object = client(endpoint).await.get_object().bucket(bucket).key(key).send().await?;
    Ok(String::from_utf8(object.body.collect().await?.to_vec())?)
}

async fn together(endpoint: &str, bucket: &str, key: &str, count: usize) -> Result<()> {
    let mut readers = JoinSet::new();
    for _ in 0..count {
        let (endpoint, bucket, key) = (endpoint.to_owned(), bucket.to_owned(), key.to_owned());
        readers.spawn(async move { read(&endpoint, &bucket, &key).await });
    }
    while let Some(text) = readers.join_next().await {
        print!("{}", text??);
    }
    Ok(())
}

async fn use_bucket(endpoint: &str, bucket: &str) -> Result<()> {
    let s3 = client(endpoint).await;
    let location = BucketLocationConstraint::from(std::env::var("AWS_REGION")?.as_str());
    let place = CreateBucketConfiguration::builder().location_constraint(location).build();
    s3.create_bucket().bucket(bucket).create_bucket_configuration(place).send().await?;
    let name = "ü &+ name";
    s3.put_object().bucket(bucket).key(name).metadata("a", "b").tagging("k=v").body(b"hello".to_vec().into()).send().await?;
    let head = s3.head_object().bucket(bucket).key(name).send().await?;
    println!("metadata {}", head.metadata().and_then(|all| all.get("a")).map_or("none", String::as_str));
    let range = s3.get_object().bucket(bucket).key(name).range("bytes=1-3").send().await?;
    println!("range {}", String::from_utf8(range.body.collect().await?.to_vec())?);

    let part: Vec<u8> = (0..5_usize << 20).map(|at| (at % 251) as u8).collect();
    let upload = s3.create_multipart_upload().bucket(bucket).key("large").send().await?;
    let id = upload.upload_id().unwrap_or_default();
    let mut parts = CompletedMultipartUpload::builder();
    for number in 1..=2 {
        let sent = s3.upload_part().bucket(bucket).key("large").upload_id(id).part_number(number).body(part.clone().into()).send().await?;
        parts = parts.parts(CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).set_checksum_crc32(sent.checksum_crc32).build());
    }
    s3.complete_multipart_upload().bucket(bucket).key("large").upload_id(id).multipart_upload(parts.build()).send().await?;
    let back = s3.get_object().bucket(bucket).key("large").send().await?.body.collect().await?.to_vec();
    println!("large {}", back == part.repeat(2));

    s3.copy_object().bucket(bucket).key("copy").copy_source(format!("{bucket}/%C3%BC%20%26%2B%20name")).send().await?;
    let mut pages = s3.list_objects_v2().bucket(bucket).max_keys(2).into_paginator().send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        keys.extend(page?.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
    }
    println!("listed {}", keys.join(" | "));
    s3.delete_object().bucket(bucket).key("large").send().await?;
    let minute = PresigningConfig::expires_in(Duration::from_secs(60))?;
    println!("url {}", s3.get_object().bucket(bucket).key("copy").presigned(minute).await?.uri());
    Ok(())
}
