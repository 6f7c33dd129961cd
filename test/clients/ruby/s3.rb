# AWS SDK for Ruby with the credentials of its environment. test/clients/s3.test.ts says what each command prints.
require 'aws-sdk-s3'

def client(endpoint) = Aws::S3::Client.new(endpoint: endpoint, force_path_style: true)

def read(endpoint, bucket, key) = client(endpoint).get_object(bucket: bucket, key: key).body.read

def together(endpoint, bucket, key, count)
  count.times.map { Thread.new { read(endpoint, bucket, key) } }.each { |reader| print reader.value }
end

def use(endpoint, bucket)
  s3 = client(endpoint)
  s3.create_bucket(bucket: bucket, create_bucket_configuration: { location_constraint: ENV.fetch('AWS_REGION') })
  name = 'ü &+ name'
  s3.put_object(bucket: bucket, key: name, body: 'hello', metadata: { 'a' => 'b' }, tagging: 'k=v')
  puts "metadata #{s3.head_object(bucket: bucket, key: name).metadata['a']}"
  puts "range #{s3.get_object(bucket: bucket, key: name, range: 'bytes=1-3').body.read}"

  part = Random.bytes(5 << 20)
  large = { bucket: bucket, key: 'large' }
  upload = s3.create_multipart_upload(large).upload_id
  parts = [1, 2].map do |number|
    { part_number: number, etag: s3.upload_part(**large, upload_id: upload, part_number: number, body: part).etag }
  end
  s3.complete_multipart_upload(**large, upload_id: upload, multipart_upload: { parts: parts })
  puts "large #{s3.get_object(large).body.read.b == part * 2}"

  s3.copy_object(bucket: bucket, key: 'copy', copy_source: "#{bucket}/%C3%BC%20%26%2B%20name")
  puts "listed #{s3.list_objects_v2(bucket: bucket, max_keys: 2).flat_map { |page| page.contents.map(&:key) }.join(' | ')}"
  s3.delete_object(large)
  puts "url #{Aws::S3::Presigner.new(client: s3).presigned_url(:get_object, bucket: bucket, key: 'copy', expires_in: 60)}"
end

command, *given = ARGV
case command
when 'version' then puts "aws-sdk-core #{Aws::CORE_GEM_VERSION}"
when 'read' then print read(*given)
when 'together' then together(*given.first(3), given.last.to_i)
when 'use' then use(*given)
else abort 'unknown command'
end
