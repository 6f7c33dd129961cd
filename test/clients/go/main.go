// Prints an object that AWS SDK for Go v2 reads with the credentials of its environment: read-s3-go ENDPOINT BUCKET KEY.
// `read-s3-go version` prints the version of the SDK.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	if len(os.Args) == 2 {
		fmt.Println(aws.SDKVersion)
		return
	}
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	client := s3.NewFromConfig(settings, func(o *s3.Options) {
		o.BaseEndpoint = aws.String(os.Args[1])
		o.UsePathStyle = true
	})
	object, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(os.Args[2]), Key: aws.String(os.Args[3])})
	if err != nil {
		log.Fatal(err)
	}
	defer object.Body.Close()
	if _, err := io.Copy(os.Stdout, object.Body); err != nil {
		log.Fatal(err)
	}
}
