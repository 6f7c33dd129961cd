import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/** AWS SDK for Java 2 with the credentials of its environment. test/clients/s3.test.ts says what each command prints. */
public class S3 {
  public static void main(String[] args) throws Exception {
    // Before Java 19, System.out has the encoding of the locale.
    System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8));
    switch (args[0]) {
      case "version" -> System.out.println(VersionInfo.SDK_VERSION);
      case "read" -> System.out.print(read(args[1], args[2], args[3]));
      case "together" -> together(args[1], args[2], args[3], Integer.parseInt(args[4]));
      case "use" -> use(args[1], args[2]);
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static S3Client client(String endpoint) {
    return S3Client.builder().endpointOverride(URI.create(endpoint)).forcePathStyle(true).build();
  }

  private static String read(String endpoint, String bucket, String key) {
    try (S3Client s3 = client(endpoint)) {
      return s3.getObjectAsBytes(of -> of.bucket(bucket).key(key)).asUtf8String();
    }
  }

  private static void together(String endpoint, String bucket, String key, int count) throws Exception {
    List<Callable<String>> readers = new ArrayList<>();
    for (int at = 0; at < count; at++) readers.add(() -> read(endpoint, bucket, key));
    ExecutorService threads = Executors.newFixedThreadPool(count);
    List<Future<String>> texts = threads.invokeAll(readers);
    threads.shutdown();
    for (Future<String> one : texts) System.out.print(one.get());
  }

  private static void use(String endpoint, String bucket) {
    try (S3Client s3 = client(endpoint)) {
      s3.createBucket(of -> of.bucket(bucket).createBucketConfiguration(c -> c.locationConstraint(System.getenv("AWS_REGION"))));
      RequestBody hello = RequestBody.fromString("hello");
      s3.putObject(of -> of.bucket(bucket).key("ü &+ name").metadata(Map.of("a", "b")).tagging("k=v"), hello);
      System.out.println("metadata " + s3.headObject(of -> of.bucket(bucket).key("ü &+ name")).metadata().get("a"));
      System.out.println("range " + s3.getObjectAsBytes(of -> of.bucket(bucket).key("ü &+ name").range("bytes=1-3")).asUtf8String());

      byte[] part = new byte[5 << 20];
      new Random().nextBytes(part);
      String upload = s3.createMultipartUpload(of -> of.bucket(bucket).key("large")).uploadId();
      List<CompletedPart> parts = new ArrayList<>();
      for (int number = 1; number <= 2; number++) {
        int at = number;
        String tag = s3.uploadPart(of -> of.bucket(bucket).key("large").uploadId(upload).partNumber(at), RequestBody.fromBytes(part)).eTag();
        parts.add(CompletedPart.builder().partNumber(number).eTag(tag).build());
      }
      s3.completeMultipartUpload(of -> of.bucket(bucket).key("large").uploadId(upload).multipartUpload(m -> m.parts(parts)));
      byte[] back = s3.getObjectAsBytes(of -> of.bucket(bucket).key("large")).asByteArray();
      System.out.println("large " + Arrays.equals(ByteBuffer.allocate(2 * part.length).put(part).put(part).array(), back));

      s3.copyObject(of -> of.sourceBucket(bucket).sourceKey("ü &+ name").destinationBucket(bucket).destinationKey("copy"));
      System.out.println("listed " + s3.listObjectsV2Paginator(of -> of.bucket(bucket).maxKeys(2)).contents().stream().map(S3Object::key).collect(Collectors.joining(" | ")));
      s3.deleteObject(of -> of.bucket(bucket).key("large"));
    }
    S3Configuration pathStyle = S3Configuration.builder().pathStyleAccessEnabled(true).build();
    try (S3Presigner presigner = S3Presigner.builder().endpointOverride(URI.create(endpoint)).serviceConfiguration(pathStyle).build()) {
      System.out.println("url " + presigner.presignGetObject(p -> p.signatureDuration(Duration.ofMinutes(1)).getObjectRequest(of -> of.bucket(bucket).key("copy"))).url());
    }
  }
}
