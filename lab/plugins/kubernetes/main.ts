/** The process of the stand-in for the plugin @pulumi/kubernetes: prints the port that it serves on. */
import { servePlugin } from "../plugin-server.ts";
import { kubernetesPlugin } from "./server.ts";

servePlugin(kubernetesPlugin());
