"""lora_socket"""
