// AWS SDK for Go v2 with the credentials of its environment. test/clients/s3.test.ts says what each command prints.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, command string, args []string) error {
	switch command {
	case "version":
		fmt.Println(aws.SDKVersion)
		return nil
	case "read":
		text, err := read(ctx, args[0], args[1], args[2])
		fmt.Print(text)
		return err
	case "together":
		count, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		return together(ctx, args[0], args[1], args[2], count)
	case "use":
		return use(ctx, args[0], args[1])
	}
	return errors.New("unknown command")
}

func client(ctx context.Context, endpoint string) (*s3.Client, error) {
	settings, err := config.LoadDefaultConfig(ctx)
	return s3.NewFromConfig(settings, func(o *s3.Options) {
		o.BaseEndpoint = aws.String(endpoint)
		o.UsePathStyle = true
	}), err
}

func read(ctx context.Context, endpoint, bucket, key string) (string, error) {
	client, err := client(ctx, endpoint)
	if err != nil {
		return "", err
	}
	return get(ctx, client, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
}

func get(ctx context.Context, client *s3.Client, input *s3.GetObjectInput) (string, error) {
	object, err := client.GetObject(ctx, input)
	if err != nil {
		return "", err
	}
	defer object.Body.Close()
	text, err := io.ReadAll(object.Body)
	return string(text), err
}

func together(ctx context.Context, endpoint, bucket, key string, count int) error {
	failures := make(chan error)
	for range count {
		go func() {
			text, err := read(ctx, endpoint, bucket, key)
			fmt.Print(text)
			failures <- err
		}()
	}
	var all []error
	for range count {
		all = append(all, <-failures)
	}
	return errors.Join(all...)
}

func use(ctx context.Context, endpoint, bucket string) error {
	client, err := client(ctx, endpoint)
	if err != nil {
		return err
	}
	location := types.BucketLocationConstraint(os.Getenv("AWS_REGION"))
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket:                    &bucket,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: location},
	}); err != nil {
		return err
	}
	name, large, copied := aws.String("ü &+ name"), aws.String("large"), aws.String("copy")
	if _, err := client.PutObject(ctx, &s3.PutObjectInput{
		Bucket:   &bucket,
		Key:      name,
		Body:     strings.NewReader("hello"),
		Metadata: map[string]string{"a": "b"},
		Tagging:  aws.String("k=v"),
	}); err != nil {
		return err
	}
	head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: name})
	if err != nil {
		return err
	}
	fmt.Println("metadata", head.Metadata["a"])
	part, err := get(ctx, client, &s3.GetObjectInput{Bucket: &bucket, Key: name, Range: aws.String("bytes=1-3")})
	if err != nil {
		return err
	}
	fmt.Println("range", part)

	if err := uploadInParts(ctx, client, bucket, large); err != nil {
		return err
	}
	if _, err := client.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket:     &bucket,
		Key:        copied,
		CopySource: aws.String(bucket + "/%C3%BC%20%26%2B%20name"),
	}); err != nil {
		return err
	}
	var keys []string
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, MaxKeys: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, object := range page.Contents {
			keys = append(keys, *object.Key)
		}
	}
	fmt.Println("listed", strings.Join(keys, " | "))
	if _, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: large}); err != nil {
		return err
	}
	url, err := s3.NewPresignClient(client).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: copied}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		return err
	}
	fmt.Println("url", url.URL)
	return nil
}

func uploadInParts(ctx context.Context, client *s3.Client, bucket string, key *string) error {
	part := make([]byte, 5<<20)
	if _, err := rand.Read(part); err != nil {
		return err
	}
	upload, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: key})
	if err != nil {
		return err
	}
	var parts []types.CompletedPart
	for number := int32(1); number <= 2; number++ {
		sent, err := client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket:     &bucket,
			Key:        key,
			UploadId:   upload.UploadId,
			PartNumber: &number,
			Body:       bytes.NewReader(part),
		})
		if err != nil {
			return err
		}
		parts = append(parts, types.CompletedPart{PartNumber: aws.Int32(number), ETag: sent.ETag, ChecksumCRC32: sent.ChecksumCRC32})
	}
	if _, err := client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket:          &bucket,
		Key:             key,
		UploadId:        upload.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	}); err != nil {
		return err
	}
	back, err := get(ctx, client, &s3.GetObjectInput{Bucket: &bucket, Key: key})
	fmt.Println("large", back == strings.Repeat(string(part), 2))
	return err
}
