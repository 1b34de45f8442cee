package daypass;

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

import com.google.gson.JsonParser;

/** The program under test as a process of its own, serving HTTP and HTTPS, for all tests of the run. */
public final class Server {
    public static final String APPID = "1250000000";
    public static final String REGION = "ap-guangzhou";

    private static final int END_SECONDS = 30;
    private static final String TRUST_PASSWORD = "no secret";
    private static Server started;

    public final Key root = new Key("AKID" + random(16), random(16), null);
    public final int httpPort;
    public final int httpsPort;
    private final Path folder;
    private final Process process;

    /** A permanent or, with a token, a temporary key. */
    public record Key(String id, String secret, String token) {}

    /** The server of this run, which is started when it is first asked for. */
    public static synchronized Server started() throws Exception {
        if (started == null) {
            started = new Server();
        }
        return started;
    }

    /** Asks the server, if there is one, to end, which must succeed. */
    public static synchronized void stopStarted() throws Exception {
        if (started == null) {
            return;
        }
        started.process.destroy();
        boolean ended = started.process.waitFor(END_SECONDS, TimeUnit.SECONDS);
        if (!ended || started.process.exitValue() != 0) {
            throw new IllegalStateException("the server did not end well: " + started.log());
        }
    }

    public static String random(int bytes) {
        byte[] made = new byte[bytes];
        new SecureRandom().nextBytes(made);
        return HexFormat.of().formatHex(made);
    }

    private Server() throws Exception {
        folder = Files.createTempDirectory("daypass-sdk-java-");
        trustNewAuthority();
        List<String> command = new ArrayList<>(List.of(binary(), "serve", "--data", path("data"),
                "--min-session-seconds", "1", "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0",
                "--tls-cert", path("tls/cert.pem"), "--tls-key", path("tls/key.pem")));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(folder.resolve("server.log").toFile());
        builder.environment().put("DAYPASS_ROOT_SECRET_ID", root.id());
        builder.environment().put("DAYPASS_ROOT_SECRET_KEY", root.secret());
        builder.environment().put("DAYPASS_APPID", APPID);
        process = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        String line = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)).readLine();
        if (line == null) {
            throw new IllegalStateException("the server did not get ready: " + log());
        }
        var ready = JsonParser.parseString(line).getAsJsonObject();
        httpPort = port(ready.get("http").getAsString());
        httpsPort = port(ready.get("https").getAsString());
    }

    private static String binary() {
        String given = System.getenv("DAYPASS_BIN");
        return given != null ? given : "../../target/release/daypass";
    }

    private static int port(String address) {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    /** Makes an authority and lets this process trust nobody else, before anything has looked whom to trust. */
    private void trustNewAuthority() throws IOException, InterruptedException, GeneralSecurityException {
        Process made = new ProcessBuilder(binary(), "tls", "init", "--dir", path("tls")).redirectErrorStream(true).start();
        String said = new String(made.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (made.waitFor() != 0) {
            throw new IllegalStateException("`daypass tls init` failed: " + said);
        }
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var authority = new FileInputStream(path("tls/ca.pem"))) {
            store.setCertificateEntry("authority", CertificateFactory.getInstance("X.509").generateCertificate(authority));
        }
        try (OutputStream out = Files.newOutputStream(folder.resolve("trust"))) {
            store.store(out, TRUST_PASSWORD.toCharArray());
        }
        System.setProperty("javax.net.ssl.trustStore", path("trust"));
        System.setProperty("javax.net.ssl.trustStorePassword", TRUST_PASSWORD);
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private String log() throws IOException {
        String text = Files.readString(folder.resolve("server.log"));
        return text.substring(Math.max(0, text.length() - 4000));
    }
}
